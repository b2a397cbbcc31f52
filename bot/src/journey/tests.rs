//! A journey is repeatable, gapless and full of the shop.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::visitor::Visitor;

fn shop() -> Catalogue {
    Catalogue::load().unwrap()
}

fn walk(shop: &Catalogue, seed: u64, number: u32, moments: usize) -> Vec<Moment> {
    let (visitor, random) = Visitor::new(seed, number);
    let mut journey = Journey::new(shop, visitor.number, random);
    (0..moments).map(|_| journey.next_moment()).collect()
}

#[test]
fn the_same_seed_walks_the_same_way() {
    let shop = shop();
    assert_eq!(walk(&shop, 1, 45, 2_000), walk(&shop, 1, 45, 2_000));
    assert_ne!(walk(&shop, 1, 45, 200), walk(&shop, 1, 46, 200));
    assert_ne!(walk(&shop, 1, 45, 200), walk(&shop, 2, 45, 200));
}

#[test]
fn visits_count_their_events_from_one_without_a_gap() {
    let shop = shop();
    for number in 1..=50 {
        let moments = walk(&shop, 1, number, 500);
        let mut last = (moments[0].visit, 0);
        assert!(last.0 <= 60);
        for moment in &moments {
            let next = (moment.visit, moment.event);
            assert!(
                next == (last.0, last.1 + 1) || next == (last.0 + 1, 1),
                "{number}: {next:?} after {last:?}"
            );
            last = next;
        }
    }
}

#[test]
fn a_page_is_opened_before_anything_happens_on_it() {
    let shop = shop();
    let moments = walk(&shop, 3, 7, 5_000);
    for pair in moments.windows(2) {
        let [before, now] = pair else { unreachable!() };
        match &now.happening {
            Happening::Viewed(view) => assert_eq!(now.page, view.page),
            _ => assert_eq!(now.page, before.page, "{now:?}"),
        }
    }
}

#[test]
fn a_link_leads_where_it_says() {
    let shop = shop();
    let moments = walk(&shop, 4, 9, 5_000);
    let mut followed = 0;
    for (at, moment) in moments.iter().enumerate() {
        if let Happening::Clicked(Click {
            href: Some(href), ..
        }) = &moment.happening
        {
            let next = moments[at + 1..]
                .iter()
                .find(|next| matches!(next.happening, Happening::Viewed(_)));
            if let Some(next) = next {
                assert_eq!(&next.page.path(), href);
                followed += 1;
            }
        }
    }
    assert!(followed > 500);
}

#[test]
fn all_that_happens_in_a_shop_happens() {
    let shop = shop();
    let mut seen = BTreeMap::<String, usize>::new();
    let mut departments = BTreeSet::new();
    for number in 1..=100 {
        for moment in walk(&shop, 5, number, 100) {
            let name = match &moment.happening {
                Happening::Viewed(_) => "page".to_owned(),
                Happening::Clicked(_) => "Element Clicked".to_owned(),
                Happening::Identified => "identify".to_owned(),
                Happening::Said(said) => said.event.clone(),
            };
            *seen.entry(name).or_default() += 1;
            if let Page::Department(department) = moment.page {
                departments.insert(department);
            }
        }
    }
    assert_eq!(departments.len(), 5);
    // The origin's six, then the rest of a shop.
    for name in [
        "Order Completed",
        "Product Added to Wishlist",
        "Product Reviewed",
        "Payment Info Entered",
        "Element Clicked",
        "Product Clicked",
        "page",
        "identify",
        "Products Searched",
        "Product List Viewed",
        "Product Viewed",
        "Product Added",
        "Product Removed",
        "Cart Viewed",
        "Checkout Started",
        "Checkout Step Viewed",
        "Checkout Step Completed",
        "Product Removed from Wishlist",
    ] {
        assert!(
            seen.get(name).is_some_and(|times| *times >= 5),
            "{name}: {seen:?}"
        );
    }
}

#[test]
fn no_two_orders_share_a_number() {
    let shop = shop();
    let mut orders = BTreeSet::new();
    for number in 1..=50 {
        for moment in walk(&shop, 6, number, 500) {
            if let Happening::Said(said) = &moment.happening
                && said.event == "Order Completed"
            {
                assert!(orders.insert(said.properties["order_id"].to_string()));
                assert!(!said.properties["products"].as_array().unwrap().is_empty());
            }
        }
    }
    assert!(orders.len() > 100);
}
