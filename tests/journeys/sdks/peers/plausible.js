import { init, track } from "@plausible-analytics/tracker";

// It leaves out a browser that is driven, and one on this machine.
window.__plausible = true;
init({
  domain: "shop.example",
  endpoint: `${new URLSearchParams(location.search).get("at")}/api/event`,
  captureOnLocalhost: true,
  outboundLinks: true,
  fileDownloads: true,
  formSubmissions: true,
});
window.peer = { track: (name, props) => track(name, { props }) };
