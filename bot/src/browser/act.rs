//! One action of a visitor in a window: something of what is there, done.

use fantoccini::Client;
use fantoccini::error::{CmdError, ErrorStatus};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use url::Url;

use super::fill;
use super::page::{Choice, Kind, Page};

/// How many things that turn out not to work are tried before the visitor starts again.
const TRIES: usize = 6;

/// The arrow down, as a WebDriver writes it: a list is chosen from by keyboard, since the
/// driver's own way sends clicks that no person made.
const DOWN: &str = "\u{E015}";

/// Does one thing on the page that is open, and comes back if that leads off the site.
/// Returns what was done, for people.
///
/// # Errors
/// When the browser is gone or does not answer.
pub async fn act(
    client: &Client,
    start: &Url,
    origin: &str,
    random: &mut ChaCha8Rng,
) -> Result<String, CmdError> {
    let mut page = Page::look(client).await?;
    if page.origin != origin {
        return begin_again(client, start, "this is no page of the site").await;
    }
    for _ in 0..TRIES {
        let Some(choice) = page.choose(random) else {
            break;
        };
        match perform(client, &choice, &page.words, random).await {
            Ok(()) => return Ok(choice.describe()),
            Err(error) if is_about_the_element(&error) => {}
            Err(error) => return Err(error),
        }
    }
    begin_again(client, start, "nothing here can be used").await
}

async fn perform(
    client: &Client,
    choice: &Choice,
    words: &[String],
    random: &mut ChaCha8Rng,
) -> Result<(), CmdError> {
    for field in &choice.fields {
        let element = field.element.on(client);
        if field.kind == "choice" {
            element.click().await?;
        } else {
            element.send_keys(&fill::text(field, words, random)).await?;
        }
    }
    let element = choice.element.on(client);
    match choice.kind {
        Kind::Select => {
            element
                .send_keys(&DOWN.repeat(random.random_range(1..choice.options.max(2))))
                .await
        }
        Kind::Link | Kind::Button | Kind::Submit | Kind::Choice => element.click().await,
    }
}

/// Whether only this element could not be used: another one may.
fn is_about_the_element(error: &CmdError) -> bool {
    let CmdError::Standard(error) = error else {
        return false;
    };
    matches!(
        error.error,
        ErrorStatus::ElementClickIntercepted
            | ErrorStatus::ElementNotInteractable
            | ErrorStatus::ElementNotSelectable
            | ErrorStatus::InvalidElementState
            | ErrorStatus::MoveTargetOutOfBounds
            | ErrorStatus::NoSuchElement
            | ErrorStatus::StaleElementReference
    )
}

async fn begin_again(client: &Client, start: &Url, why: &str) -> Result<String, CmdError> {
    client.goto(start.as_str()).await?;
    Ok(format!("{why}: back to {start}"))
}
