//! What a visitor does on each page, and what the shop says then.

use clickstream_demo_site::catalogue::{Book, Department};
use clickstream_demo_site::routes::Page;
use clickstream_demo_site::says::{self, Said, Step};
use rand::RngExt;

use super::{Click, Happening, Journey, View, choose};

impl<'shop> Journey<'shop> {
    /// One act of the visitor on the page they are on. Queues at least one happening.
    pub(super) fn act(&mut self) {
        let dice = self.random.random_range(0..100);
        match self.at.clone() {
            Page::Home => match dice {
                0..45 => self.go_to_department(),
                45..75 => self.pick_from_window(),
                75..92 => self.search(),
                _ => self.leave(),
            },
            Page::Department(department) => match dice {
                0..75 => self.pick_from(department),
                75..88 => self.go_to_department(),
                88..95 => self.go_home(),
                _ => self.leave(),
            },
            Page::Search(words) => self.pick_found(&words),
            Page::Book(id) | Page::Reviews(id) => match self.shop.book(id) {
                Some(book) => self.at_book(book, dice),
                None => self.go_home(),
            },
            Page::Basket if self.basket.is_empty() => self.go_home(),
            Page::Basket => match dice {
                0..60 => self.start_checkout(),
                60..72 => self.remove(),
                72..92 => self.go_to_department(),
                _ => self.leave(),
            },
            Page::Delivery => self.fill_in_delivery(),
            Page::Payment => self.pay(),
            Page::Order(_) | Page::Orders | Page::Wishlist | Page::SignIn | Page::InTheLake => {
                match dice {
                    0..50 => self.go_home(),
                    _ => self.leave(),
                }
            }
        }
    }

    fn at_book(&mut self, book: &'shop Book, dice: u32) {
        let reviews = matches!(self.at, Page::Reviews(_));
        match dice {
            0..26 if reviews => self.tab("Description", Page::Book(book.id)),
            0..26 => self.tab("Reviews", Page::Reviews(book.id)),
            26..42 if reviews => self.review(book),
            26..42 => self.like(book),
            42..68 => self.add_to_basket(book),
            68..88 => self.go_to_department(),
            88..93 => self.search(),
            _ => self.leave(),
        }
    }

    /// Opens a page: what the tracker sees, then what the shop says on it.
    pub(super) fn open(&mut self, page: Page) {
        self.ahead.push_back(Happening::Viewed(View {
            page: page.clone(),
            pushed: false,
        }));
        match &page {
            Page::Department(department) => {
                let said = says::list_viewed(*department, self.shop.shelf(*department));
                self.say(said);
            }
            Page::Search(words) => self.say(says::searched(words)),
            Page::Book(id) | Page::Reviews(id) => {
                if let Some(book) = self.shop.book(*id) {
                    self.say(says::viewed(book));
                }
            }
            Page::Basket => {
                let lines = self.lines();
                self.say(says::cart_viewed(&self.cart(), &lines));
            }
            _ => {}
        }
    }

    fn say(&mut self, said: Said) {
        self.ahead.push_back(Happening::Said(said));
    }

    fn click(&mut self, click: Click) {
        self.ahead.push_back(Happening::Clicked(click));
    }

    /// Goes away and comes back another day.
    fn leave(&mut self) {
        self.arrive();
    }

    fn go_home(&mut self) {
        self.click(Click::link("Paper Heron", &Page::Home));
        self.open(Page::Home);
    }

    fn go_to_department(&mut self) {
        let department = choose::department(&mut self.random);
        self.click(Click::department(department));
        self.open(Page::Department(department));
    }

    fn search(&mut self) {
        let words = choose::words(&mut self.random).to_owned();
        self.click(Click::button("Search"));
        self.open(Page::Search(words));
    }

    fn pick(&mut self, book: &Book, list: &str, position: usize) {
        self.click(Click::book(book));
        self.say(says::clicked(book, list, position));
        self.open(Page::Book(book.id));
    }

    fn pick_from_window(&mut self) {
        let shelf: Vec<&Book> = self.shop.books().iter().take(WINDOW).collect();
        self.pick_one(&shelf, "window");
    }

    fn pick_from(&mut self, department: Department) {
        let shelf: Vec<&Book> = self.shop.shelf(department).collect();
        self.pick_one(&shelf, department.slug());
    }

    fn pick_found(&mut self, words: &str) {
        let found: Vec<&Book> = self
            .shop
            .books()
            .iter()
            .filter(|book| is_about(book, words))
            .collect();
        self.pick_one(&found, "search");
    }

    fn pick_one(&mut self, shelf: &[&Book], list: &str) {
        let places: Vec<usize> = (0..shelf.len()).collect();
        let place = choose::one(&places, &mut self.random).copied();
        match place.and_then(|place| Some((place, *shelf.get(place)?))) {
            Some((place, book)) => self.pick(book, list, place + 1),
            None => self.go_home(),
        }
    }

    /// A tab of a book's page changes the address without a load.
    fn tab(&mut self, text: &str, page: Page) {
        self.click(Click::link(text, &page));
        self.ahead
            .push_back(Happening::Viewed(View { page, pushed: true }));
    }

    fn like(&mut self, book: &Book) {
        let wished = self.wishes.insert(book.id);
        if wished {
            self.click(Click::button("Like").about(book));
            self.say(says::liked(book));
        } else {
            self.wishes.remove(&book.id);
            self.click(Click::button("Liked").about(book));
            self.say(says::unliked(book));
        }
    }

    fn review(&mut self, book: &Book) {
        let stars = self.random.random_range(1..=5);
        self.reviews += 1;
        let number = i64::from(self.number) * 10_000 + i64::from(self.reviews);
        self.click(Click::button("Send review"));
        self.open(Page::Reviews(book.id));
        self.say(says::reviewed(book.id, number, stars));
    }

    fn add_to_basket(&mut self, book: &Book) {
        self.click(Click::button("Add to basket").about(book));
        match self.basket.iter_mut().find(|(id, _)| *id == book.id) {
            Some((_, quantity)) => {
                *quantity = (*quantity + 1).min(clickstream_demo_site::basket::MOST)
            }
            None => self.basket.push((book.id, 1)),
        }
        let cart = self.cart();
        self.open(Page::Basket);
        self.say(says::added(book, 1, &cart));
    }

    fn remove(&mut self) {
        let Some(at) = choose::one(&self.basket, &mut self.random).copied() else {
            return self.go_home();
        };
        self.basket.retain(|line| *line != at);
        let cart = self.cart();
        self.click(Click::button("Remove"));
        self.open(Page::Basket);
        if let Some(book) = self.shop.book(at.0) {
            self.say(says::removed(book, at.1, &cart));
        }
    }

    fn start_checkout(&mut self) {
        self.click(Click::link("Checkout", &Page::Delivery));
        self.open(Page::Delivery);
        let (checkout, lines) = (self.checkout(), self.lines());
        self.say(says::checkout_started(&checkout, &lines, Self::SHIPPING));
        self.say(says::step_viewed(&checkout, Step::Delivery));
    }

    fn fill_in_delivery(&mut self) {
        let checkout = self.checkout();
        self.click(Click::button("Continue to payment"));
        self.open(Page::Payment);
        self.say(says::step_completed(
            &checkout,
            Step::Delivery,
            Self::SHIPPING,
        ));
        self.say(says::step_viewed(&checkout, Step::Payment));
    }

    fn pay(&mut self) {
        let (checkout, lines) = (self.checkout(), self.lines());
        self.orders += 1;
        let order = self.order();
        self.click(Click::button("Pay"));
        self.open(Page::Order(order));
        self.say(says::payment_entered(&checkout, Self::SHIPPING));
        self.say(says::step_completed(
            &checkout,
            Step::Payment,
            Self::SHIPPING,
        ));
        self.say(says::ordered(&checkout, order, &lines, Self::SHIPPING));
        self.basket.clear();
        self.baskets += 1;
    }
}

/// How many books stand in the shop window.
const WINDOW: usize = 6;

/// Whether a search for these words finds the book.
fn is_about(book: &Book, words: &str) -> bool {
    let words = words.to_lowercase();
    [&book.title, &book.author, &book.blurb]
        .iter()
        .any(|text| text.to_lowercase().contains(&words))
}
