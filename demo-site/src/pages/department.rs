//! A department's shelf.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;

use super::{card, show};
use crate::catalogue::Department;
use crate::failure::Failure;
use crate::routes::Page;
use crate::says;
use crate::shop::Shared;
use crate::visitor::Visitor;

/// `GET /departments/{department}`
pub async fn page(
    State(shop): State<Shared>,
    Path(slug): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let department = Department::from_slug(&slug).ok_or(Failure::NotFound)?;
    let catalogue = &shop.catalogue;
    let main = html! {
        main #main tabindex="-1" {
            div.heading {
                h1 { (department.name()) }
                p { (department.about()) }
            }
            (card::shelf(catalogue.shelf(department), department.slug()))
        }
    };
    let said = says::list_viewed(department, catalogue.shelf(department));
    let page = Page::Department(department);
    show(&shop, &visitor, &page, vec![said], main).await
}
