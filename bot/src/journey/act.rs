//! What a visitor does on each page, and what the shop says then.

use clickstream_demo_site::basket::MOST;
use clickstream_demo_site::catalogue::{Book, Department, WINDOW};
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
            0..16 if reviews => self.turn(Click::description(book), Page::Book(book.id)),
            0..30 if !reviews => self.turn(Click::reviews(book), Page::Reviews(book.id)),
            16..46 if reviews => self.review(book),
            30..46 => self.like(book),
            46..68 => self.add_to_basket(book),
            68..88 => self.go_to_department(),
            88..93 => self.search(),
            _ => self.leave(),
        }
    }

    /// Opens a page, which first says what was done before it, once, and then what it is.
    pub(super) fn open(&mut self, page: Page, once: Vec<Said>) {
        self.ahead.push_back(Happening::Viewed(View {
            page: page.clone(),
            pushed: false,
        }));
        if !self.known {
            self.known = true;
            self.ahead.push_back(Happening::Identified);
        }
        let says = self.meaning(&page);
        self.ahead
            .extend(once.into_iter().chain(says).map(Happening::Said));
    }

    /// What it means that a page is opened.
    fn meaning(&self, page: &Page) -> Option<Said> {
        Some(match page {
            Page::Department(department) => {
                says::list_viewed(*department, self.shop.shelf(*department))
            }
            Page::Search(words) => says::searched(words),
            Page::Book(id) | Page::Reviews(id) => says::viewed(self.shop.book(*id)?),
            Page::Basket => says::cart_viewed(&self.cart(), &self.lines()),
            Page::Delivery => says::step_viewed(&self.checkout(), Step::Delivery),
            Page::Payment => says::step_viewed(&self.checkout(), Step::Payment),
            _ => return None,
        })
    }

    fn click(&mut self, click: Click) {
        self.ahead.push_back(Happening::Clicked(click));
    }

    /// Goes away and comes back another day.
    fn leave(&mut self) {
        self.arrive();
    }

    fn go_home(&mut self) {
        self.click(Click::brand());
        self.open(Page::Home, Vec::new());
    }

    fn go_to_department(&mut self) {
        let department = choose::department(&mut self.random);
        self.click(Click::department(department));
        self.open(Page::Department(department), Vec::new());
    }

    fn search(&mut self) {
        let words = choose::words(&mut self.random).to_owned();
        self.click(Click::search());
        self.open(Page::Search(words), Vec::new());
    }

    fn pick_from_window(&mut self) {
        let shelf: Vec<&Book> = WINDOW.iter().filter_map(|id| self.shop.book(*id)).collect();
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
        let Some((place, book)) = place.and_then(|place| Some((place, *shelf.get(place)?))) else {
            return self.go_home();
        };
        self.click(Click::book(book, list, place + 1));
        let clicked = says::clicked(book, list, place + 1);
        self.ahead.push_back(Happening::Said(clicked));
        self.open(Page::Book(book.id), Vec::new());
    }

    /// A tab of a book's page changes the address without a load, and means nothing more.
    fn turn(&mut self, click: Click, page: Page) {
        self.click(click);
        self.ahead
            .push_back(Happening::Viewed(View { page, pushed: true }));
    }

    fn like(&mut self, book: &Book) {
        let liked = !self.wishes.insert(book.id);
        self.click(Click::like(book, liked));
        let said = if liked {
            self.wishes.remove(&book.id);
            says::unliked(book)
        } else {
            says::liked(book)
        };
        self.open(Page::Book(book.id), vec![said]);
    }

    fn review(&mut self, book: &Book) {
        let stars = self.random.random_range(1..=5);
        self.reviews += 1;
        let number = i64::from(self.number) * 10_000 + i64::from(self.reviews);
        self.click(Click::publish(book));
        let said = says::reviewed(book.id, number, stars);
        self.open(Page::Reviews(book.id), vec![said]);
    }

    fn add_to_basket(&mut self, book: &Book) {
        self.click(Click::add(book));
        match self.basket.iter_mut().find(|(id, _)| *id == book.id) {
            Some((_, quantity)) => *quantity = (*quantity + 1).min(MOST),
            None => self.basket.push((book.id, 1)),
        }
        let said = says::added(book, 1, &self.cart());
        self.open(Page::Basket, vec![said]);
    }

    fn remove(&mut self) {
        let line = choose::one(&self.basket, &mut self.random).copied();
        let Some((id, copies, book)) =
            line.and_then(|(id, copies)| Some((id, copies, self.shop.book(id)?)))
        else {
            return self.go_home();
        };
        self.basket.retain(|(other, _)| *other != id);
        self.click(Click::remove(book));
        let said = says::removed(book, copies, &self.cart());
        self.open(Page::Basket, vec![said]);
    }

    fn start_checkout(&mut self) {
        self.click(Click::check_out());
        let started = says::checkout_started(&self.checkout(), &self.lines(), Self::SHIPPING);
        self.open(Page::Delivery, vec![started]);
    }

    fn fill_in_delivery(&mut self) {
        self.click(Click::on_to_payment());
        let completed = says::step_completed(&self.checkout(), Step::Delivery, Self::SHIPPING);
        self.open(Page::Payment, vec![completed]);
    }

    fn pay(&mut self) {
        let (checkout, lines) = (self.checkout(), self.lines());
        self.orders += 1;
        let order = self.order();
        self.click(Click::pay());
        let said = vec![
            says::payment_entered(&checkout, Self::SHIPPING),
            says::step_completed(&checkout, Step::Payment, Self::SHIPPING),
            says::ordered(&checkout, order, &lines, Self::SHIPPING),
        ];
        self.open(Page::Order(order), said);
        self.basket.clear();
        self.baskets += 1;
    }
}

/// Whether a search for these words finds the book.
fn is_about(book: &Book, words: &str) -> bool {
    [&book.title, &book.author, &book.blurb, &book.about]
        .iter()
        .any(|text| text.to_lowercase().contains(words))
}
