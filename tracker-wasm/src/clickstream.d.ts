// Types of the global `clickstream` that the script tag makes.

/** Anything that JSON can say; numbers stay numbers, objects nest. */
export type Details = Record<string, unknown>;

export interface Options {
  /** Kept as it is, up to 100 characters; made by the tracker when missing. */
  messageId?: string;
  /** When it happened; now when missing. */
  timestamp?: Date | string | number;
}

/** True once the event survives the page, the browser and its crash; false where it cannot be
 *  kept (storage refused or full) and is only sent from the page's memory, or was dropped. */
export type Safe = Promise<boolean>;

export interface Clickstream {
  /** A page view. The tracker makes its own; one by call for the same address replaces it. */
  page(name?: string, properties?: Details, options?: Options): Safe;
  page(category: string, name: string, properties?: Details, options?: Options): Safe;
  page(properties: Details, options?: Options): Safe;
  /** What somebody did: a noun and a verb in the past, "Order Completed". */
  track(event: string, properties?: Details | null, options?: Options): Safe;
  /** Who somebody is. The claim stays until `reset`. */
  identify(userId: string | number | null, traits?: Details, options?: Options): Safe;
  identify(traits: Details, options?: Options): Safe;
  /** Which group somebody belongs to. */
  group(groupId: string | number, traits?: Details, options?: Options): Safe;
  /** Two ids of one person. */
  alias(userId: string | number, previousId?: string | number): Safe;
  /** Somebody signed out: a new id for this browser, no claim, no token. */
  reset(): void;
  /** What the visitor has decided, by categories; `analytics` rules recording and storing. */
  consent(categories: { analytics: boolean; [category: string]: boolean }): void;
  /** Removes everything that was ever stored, and the relay's cookie; this page stores no more. */
  forget(): void;
  /** Sends what waits now. */
  flush(): void;
  /** The user's signed token, for sites on another origin than the relay. */
  setUserToken(token: string | null): void;
  /** True once the tracker runs; false where it cannot (blocked, or no wasm allowed). */
  readonly ready?: Promise<boolean>;
  /** The same calls as arrays, as before the script has loaded. */
  push(...calls: Call[]): void;
}

export type Call = {
  [Name in Exclude<keyof Clickstream, "push" | "ready">]: [
    Name,
    ...Parameters<Clickstream[Name]>,
  ];
}[Exclude<keyof Clickstream, "push" | "ready">];

/** With `data-debug` the document gets these as `clickstream` events. */
export interface ClickstreamNews {
  state: "queued" | "sent" | "acknowledged" | "rejected";
  messageId: string;
  /** The event as it is sent: the text of one JSON object. */
  line: string;
  /** Why it was rejected. */
  reason?: string;
}

declare global {
  interface Window {
    /** An array of calls until the script has run, then the methods. */
    clickstream: Clickstream | Call[];
  }
  interface DocumentEventMap {
    clickstream: CustomEvent<ClickstreamNews>;
  }
}
