// A site of React: the tracker is started once, in the browser; components make calls.
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { clickstream, start } from "clickstream-tracker/full";

function Book({ id, title }: { id: string; title: string }) {
  const [safe, setSafe] = useState(false);
  const buy = async () =>
    setSafe(await clickstream.track("Product Added", { product_id: id, price: 12.5 }));
  return (
    <article data-clickstream-product-id={id} data-clickstream-visible="Product Viewed">
      <h1>{title}</h1>
      <button type="button" id="button" onClick={buy}>
        {safe ? "In the basket" : "Buy"}
      </button>
    </article>
  );
}

function App() {
  // In development React runs an effect twice: a second start changes nothing.
  useEffect(() => {
    const relay = new URLSearchParams(location.search).get("relay") ?? undefined;
    start({ writeKey: "browser-key", endpoint: relay, routes: ["/site/:page"] });
  }, []);
  return <Book id="bk-1" title="A Book of Pages" />;
}

createRoot(document.querySelector("main")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
