//! Links that lead away: to another host, or to a file. No browser in here.

use clickstream_event::{
    action::Link,
    text::{split, word},
};

/// Ends of names that a browser saves or opens outside of the page.
const FILES: &str = "7z apk avi csv dmg doc docx epub exe gz iso jar key midi mov mp3 mp4 mpeg msi \
    ods odt pdf pkg pps ppt pptx rar rtf tar tgz txt wav wma wmv xls xlsx zip";

/// What `url`, an absolute address, is to a page at `page`; `download` when the link's own attribute
/// says so. `None` for a link within the site.
#[must_use]
pub fn leads<'a>(url: &'a str, page: &str, download: bool) -> Option<Link<'a>> {
    let (host, path) = parts(url)?;
    let outbound = parts(page).is_none_or(|(own, _)| !own.eq_ignore_ascii_case(host));
    let file = after_last(path, b'/');
    let end = after_last(file, b'.');
    let is_file = end.len() < file.len()
        && word(FILES, &mut |known| known.eq_ignore_ascii_case(end)).is_some();
    let download = download || is_file;
    (download || outbound).then_some(Link {
        kind: if download { "download" } else { "outbound" },
        host: outbound.then_some(host),
        file: download.then_some(file).filter(|file| !file.is_empty()),
    })
}

fn after_last(text: &str, at: u8) -> &str {
    let end = text.bytes().rposition(|byte| byte == at);
    text.get(end.map_or(0, |end| end + 1)..).unwrap_or_default()
}

/// Host (with its port) and path of an address of the web.
#[must_use]
pub fn parts(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = split(url, b':');
    if scheme != "http" && scheme != "https" {
        return None;
    }
    let (shown, _) = split(rest.get(2..)?, b'#');
    let (shown, _) = split(shown, b'?');
    Some(split(shown, b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_away_is_said() {
        let page = "https://shop.example/a/b?c=https://d/#e";
        for (url, download, kind, host, file) in [
            (
                "https://other.example/",
                false,
                "outbound",
                Some("other.example"),
                None,
            ),
            (
                "http://other.example",
                false,
                "outbound",
                Some("other.example"),
                None,
            ),
            (
                "https://shop.example:444/x",
                false,
                "outbound",
                Some("shop.example:444"),
                None,
            ),
            (
                "https://shop.example/list.PDF?v=1#p",
                false,
                "download",
                None,
                Some("list.PDF"),
            ),
            (
                "https://cdn.example/x/a.tar.gz",
                false,
                "download",
                Some("cdn.example"),
                Some("a.tar.gz"),
            ),
            (
                "https://shop.example/export",
                true,
                "download",
                None,
                Some("export"),
            ),
            ("https://shop.example/export/", true, "download", None, None),
        ] {
            let link = Link { kind, host, file };
            assert_eq!(leads(url, page, download), Some(link), "{url}");
        }
        for url in [
            "https://shop.example/books/",
            "https://SHOP.example/pdf",
            "https://shop.example/?file=a.pdf",
            "https://shop.example/#a.pdf",
            "https://shop.example/.zipper",
            "mailto:ann@other.example",
            "javascript:void(0)",
            "",
        ] {
            assert_eq!(leads(url, page, false), None, "{url}");
        }
    }
}
