// In batches, as Segment's pages are set up that send few requests.
import { AnalyticsBrowser } from "@segment/analytics-next";

const at = new URLSearchParams(location.search).get("at").replace("http://", "");
const integration = { apiHost: `${at}/v1`, protocol: "http", apiKey: "peer-key" };
const analytics = AnalyticsBrowser.load(
  {
    writeKey: "peer-key",
    cdnSettings: { integrations: { "Segment.io": integration }, metrics: { sampleRate: 0 } },
  },
  {
    integrations: {
      "Segment.io": {
        ...integration,
        deliveryStrategy: { strategy: "batching", config: { size: 10, timeout: 4000 } },
      },
    },
  },
);
analytics.ready().then(() => (window.peer = { track: (name, properties) => analytics.track(name, properties) }));
