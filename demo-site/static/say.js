// What the shop says of this page, told to the tracker. It runs before the tracker's script,
// whose array of calls it fills, and before anything that listens to history.
(() => {
  const SAID = "shop.said";

  const tell = (...calls) => (window.clickstream = window.clickstream || []).push(...calls);

  // The server gives a saying to one page only; but a browser may run that page again from
  // its history. So what was said is noted for the tab, and the saying's id is the event's
  // messageId, by which the relay drops what still comes twice.
  const once = (sayings) => {
    let said = [];
    try {
      said = JSON.parse(sessionStorage.getItem(SAID)) || [];
    } catch {}
    for (const { id, call } of sayings) {
      if (said.includes(id)) continue;
      said.push(id);
      tell([...call, { messageId: id }]);
    }
    try {
      sessionStorage.setItem(SAID, JSON.stringify(said.slice(-200)));
    } catch {}
  };

  const read = (page) => JSON.parse(page.getElementById("sayings").textContent);

  // Titles of the addresses that this document has had: set before anybody else hears of
  // a step in the history, so that a page view carries the right one.
  const titles = new Map([[location.pathname, document.title]]);
  addEventListener("popstate", () => {
    document.title = titles.get(location.pathname) || document.title;
  });

  window.shopSays = { tell, once, read, titles };

  const { load, once: justNow } = read(document);
  once(justNow);
  tell(...load);
})();
