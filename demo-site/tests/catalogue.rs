//! What the bot and the pages rely on in the shop's data.
#![allow(
    clippy::unwrap_used,
    reason = "the functions that tests share are tests too"
)]

use std::collections::BTreeSet;

use clickstream_demo_site::basket::{Line, Shipping, Totals};
use clickstream_demo_site::catalogue::{BookId, Catalogue, Department, Pence};
use clickstream_demo_site::routes::OrderId;
use clickstream_demo_site::says;

fn catalogue() -> Catalogue {
    Catalogue::load().unwrap()
}

#[test]
fn at_least_sixty_books_stand_in_five_departments() {
    let catalogue = catalogue();
    assert!(catalogue.books().len() >= 60);
    for department in Department::ALL {
        assert!(catalogue.shelf(department).count() >= 10, "{department:?}");
    }
}

#[test]
fn numbers_and_titles_are_unique_and_found() {
    let catalogue = catalogue();
    let numbers: BTreeSet<_> = catalogue.books().iter().map(|book| book.id).collect();
    let titles: BTreeSet<_> = catalogue.books().iter().map(|book| &book.title).collect();
    assert_eq!(numbers.len(), catalogue.books().len());
    assert_eq!(titles.len(), catalogue.books().len());
    for book in catalogue.books() {
        assert_eq!(catalogue.book(book.id).unwrap().title, book.title);
        assert_eq!(BookId::parse(&book.id.to_string()), Some(book.id));
    }
    assert!(catalogue.book(BookId(0)).is_none());
    assert!(catalogue.book(BookId(9999)).is_none());
}

#[test]
fn every_book_is_worth_a_page() {
    for book in catalogue().books() {
        assert!(book.about.len() > 150, "{}: too little told", book.title);
        assert!((20..=120).contains(&book.blurb.len()), "{}", book.title);
        assert!(
            (Pence(500)..=Pence(5000)).contains(&book.price),
            "{}",
            book.title
        );
        assert!((2010..=2026).contains(&book.year), "{}", book.title);
    }
}

#[test]
fn the_readers_are_one_to_twenty_and_wrote_the_first_reviews() {
    let catalogue = catalogue();
    let ids: Vec<u32> = catalogue.readers().iter().map(|reader| reader.id).collect();
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
    for book in catalogue.books() {
        for review in &book.reviews {
            assert!(catalogue.reader(review.reader).is_some(), "{}", book.title);
            assert!((1..=5).contains(&review.stars), "{}", book.title);
        }
    }
}

#[test]
fn an_order_is_told_with_flat_prices_and_a_total_that_adds_up() {
    let catalogue = catalogue();
    let book = |number| catalogue.book(BookId(number)).unwrap();
    let lines = [
        Line {
            book: book(1),
            quantity: 2,
        },
        Line {
            book: book(58),
            quantity: 1,
        },
    ];
    let totals = Totals::of(&lines, Shipping::Courier);
    assert_eq!(totals.subtotal, Pence(1099 * 2 + 899));
    let said = says::ordered("c-1", OrderId(1001), &lines, Shipping::Courier);
    assert_eq!(said.event, "Order Completed");
    let properties = &said.properties;
    assert_eq!(properties["order_id"], "o-1001");
    assert_eq!(properties["currency"], "GBP");
    assert_eq!(properties["subtotal"], 30.97);
    assert_eq!(properties["shipping"], 6.5);
    assert_eq!(properties["total"], 37.47);
    assert_eq!(properties["products"][0]["price"], 10.99);
    assert_eq!(properties["products"][0]["quantity"], 2);
    assert_eq!(properties["products"][1]["position"], 2);
}

#[test]
fn the_post_is_free_from_thirty_pounds() {
    assert_eq!(Shipping::Post.price(Pence(2999)), Pence(290));
    assert_eq!(Shipping::Post.price(Pence(3000)), Pence(0));
}
