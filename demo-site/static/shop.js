// What makes the shop smoother where scripts run. Every page works without it.
(() => {
  const { tell, once, read, titles } = window.shopSays;

  // A click on a book says which and from which list; where it leads, the link knows.
  const clicked = (event) => {
    const marked = event.target.closest?.("[data-says]");
    if (!marked || event.button > 1) return;
    const { event: name, properties } = JSON.parse(marked.dataset.says);
    tell(["track", name, properties]);
  };
  addEventListener("click", clicked);
  addEventListener("auxclick", clicked);

  // Who signs out becomes somebody else to the tracker, from here on.
  addEventListener("submit", ({ target }) => {
    if (new URL(target.action).pathname === "/sign-out") tell(["reset"]);
    // One order, however impatient the finger. The click itself is over by then.
    if (target.matches(".pay")) setTimeout(() => (target.querySelector("button").disabled = true));
  });

  // Tabs: the next one is fetched as a page and its part taken over, at its own address.
  const fetchPage = async (address) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  const swap = (part, page) => {
    document.getElementById(part).replaceWith(page.getElementById(part));
    once(read(page).once);
  };

  addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-swap]");
    const plain = !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented) return;
    event.preventDefault();
    if (link.pathname === location.pathname) return;
    const part = link.dataset.swap;
    try {
      const page = await fetchPage(link.href);
      titles.set(link.pathname, page.title);
      document.title = page.title;
      history.pushState(null, "", link.href);
      swap(part, page);
      document.querySelector(`#${part} a[aria-current]`)?.focus({ preventScroll: true });
    } catch {
      location.href = link.href;
    }
  });

  addEventListener("popstate", async () => {
    if (!titles.has(location.pathname) || !document.getElementById("tabs")) return;
    try {
      swap("tabs", await fetchPage(location.href));
    } catch {
      location.reload();
    }
  });

  // In the lake: looked up again while somebody looks. Only the browser knows its own id.
  const lake = document.querySelector("[data-refresh]");
  if (!lake) return;
  const look = async () => {
    if (!document.hidden) {
      const anonymous = sessionStorage.getItem("shop.anonymous");
      const query = anonymous ? `?anonymous=${encodeURIComponent(anonymous)}` : location.search;
      try {
        const fresh = (await fetchPage(location.pathname + query)).getElementById(lake.id);
        const open = new Set([...lake.querySelectorAll("details[open]")].map(({ id }) => id));
        for (const details of fresh.querySelectorAll("details"))
          details.open = open.has(details.id);
        if (fresh.innerHTML !== lake.innerHTML) {
          const focused = document.activeElement?.closest?.("details")?.id;
          lake.replaceChildren(...fresh.childNodes);
          if (focused) document.getElementById(focused)?.querySelector("summary").focus();
        }
      } catch {
        // The shop is being restarted: look again.
      }
    }
    setTimeout(look, 1000);
  };
  look();
})();
