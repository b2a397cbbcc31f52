// A site of Vue: the tracker as a plugin of the application, its calls in every component.
import { createApp, defineComponent, h, inject, ref } from "vue";
import type { InjectionKey, Plugin } from "vue";
import { start } from "clickstream-tracker/full";
import type { Clickstream, Settings } from "clickstream-tracker/full";

const key: InjectionKey<Clickstream> = Symbol("clickstream");

const tracker: Plugin<Settings> = {
  install: (app, settings) => void app.provide(key, start(settings)),
};

const Book = defineComponent({
  props: { id: { type: String, required: true }, title: { type: String, required: true } },
  setup({ id, title }) {
    const clickstream = inject(key)!;
    const safe = ref(false);
    const buy = async () => {
      safe.value = await clickstream.track("Product Added", { product_id: id, price: 12.5 });
    };
    const marks = { "data-clickstream-product-id": id, "data-clickstream-visible": "Product Viewed" };
    return () =>
      h("article", marks, [
        h("h1", title),
        h("button", { type: "button", id: "button", onClick: buy }, safe.value ? "In the basket" : "Buy"),
      ]);
  },
});

const relay = new URLSearchParams(location.search).get("relay") ?? undefined;
createApp(Book, { id: "bk-1", title: "A Book of Pages" })
  .use(tracker, { writeKey: "browser-key", endpoint: relay, routes: ["/site/:page"] })
  .mount("main");
