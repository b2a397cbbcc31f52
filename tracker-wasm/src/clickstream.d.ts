// Printed from the Rust sources (`tests/it/types.rs`): change these.

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

/** A visitor's decision: `analytics` rules recording and storing, `marketing` click ids and the
 *  first touch; a site's own categories may stand beside them. */
export interface Consent {
  analytics: boolean;
  marketing?: boolean;
  [category: string]: boolean | undefined;
}

/** Settings, as attributes of the script tag (`data-page-by`) or as members. */
export interface Settings {
  /** Which source the events belong to. */
  writeKey: string;
  /** Where the relay is; without it, the script's origin, or the page's where there is no script tag. */
  endpoint?: string;
  /** Who is signed in on this page: a claim, which the relay believes only with a signed token. */
  userId?: string;
  /** Which subjects are recorded without a call; all of them but `rage` and `dead` where it is not set.
   *  From `vitals` on they are the full edition's. */
  capture?: readonly ("pages" | "clicks" | "links" | "forms" | "leave" | "rage" | "vitals" | "errors" | "dead" | "visible")[];
  /** Names of query parameters that say what somebody has searched for (full edition). */
  search?: string | readonly string[];
  /** What makes another page of a single-page application; without it path, query and hash routes. */
  pageBy?: "path" | "query" | "hash";
  /** A single-page application's routes, such as `/books/:id`; the first that fits is
   *  `context.page.route`. */
  routes?: string | readonly string[];
  /** Where a visitor has to be asked: until the decision events are held in memory, or dropped. */
  consent?: "hold" | "drop";
  /** Which of the browser's signals are honoured: Global Privacy Control alone where it is not set. */
  privacy?: readonly ("gpc" | "dnt")[];
  /** `none`: nothing is ever stored, ids live as long as the page. */
  storage?: "none";
  /** A CSS selector: what it matches is told of without text and `href`. */
  mask?: string;
  /** `none`: no text of any element and no title. */
  text?: "none";
  /** Names of query parameters whose values become `redacted`, beside the usual secret ones. */
  redact?: string | readonly string[];
  /** Where the browser can (`fetchLater`), it is told after each event what to send if the page dies
   *  without a word: what waits is sent also when the visitor never comes back. */
  later?: boolean;
  /** The document gets a `clickstream` event for every step of every event; `console` also
   *  explains each in the browser's console. */
  debug?: boolean | "console";
}

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
  /** Sends what waits now. */
  flush(): void;
  /** The user's signed token, for sites on another origin than the relay. */
  setUserToken(token: string | null): void;
  /** What the visitor has decided, by categories; `analytics` rules recording and storing. */
  consent(categories: Consent): void;
  /** Removes everything that was ever stored, and the relay's cookie; this page stores no more. */
  forget(): void;
  /** Adds plugins, which see every event before it is stored or sent. */
  plugin(...plugins: Plugin[]): void;
  /** Explains in the browser's console, from now on, what the tracker does and why. */
  debug(): void;
  /** The same calls as arrays, as before the script has loaded. */
  push(...calls: Call[]): void;
  /** True once the tracker runs; false where it cannot (blocked, or no wasm allowed). */
  readonly ready?: Promise<boolean>;
}

/** A site's own code that sees every event before it is stored or sent. Plugins are asked in the
 *  order in which they were added; one that throws costs no event. */
export interface Plugin {
  /** What it is called where `debug` tells of it. */
  name: string;
  /** Changes a copy of the event in place; `false` drops the event. What a line is known and counted
   *  by stays as it is: `type`, `messageId`, `anonymousId`, `originalTimestamp`, and of the context
   *  `library`, `session`, `consent`, `privacy`. */
  enrich?(event: ClickstreamEvent): void | boolean;
  /** Hands an event on that will be sent: a copy, after all have had it and the visitor allows it. */
  forward?(event: ClickstreamEvent): void;
}

type Named = Exclude<keyof Clickstream, "push" | "ready">;

/** A call as an array: its name and its arguments. */
export type Call = {
  [Name in Named]: [Name, ...Parameters<Clickstream[Name]>];
}[Named];

declare global {
  interface Window {
    /** An array of calls until the script has run, then the methods. */
    clickstream: Clickstream | Call[];
  }
  interface DocumentEventMap {
    clickstream: CustomEvent<News>;
  }
}

/** Starts the tracker of this page and gives its calls; on a server, or where it runs already,
 *  nothing happens. With the script tag there is nothing to start. */
export function start(settings: Settings & {
  /** Where the module is; without it, beside the package's own file. */
  wasm?: string | URL;
}): Clickstream;

/** The calls, from the first moment on: what is called before `start` is taken then. On a server
 *  they do nothing. */
export const clickstream: Clickstream;

/** With `data-debug` the document gets these as `clickstream` events. */
export interface News {
  state:
    /** An event is recorded. */
    | "queued"
    /** It is on its way. */
    | "sent"
    /** The relay has stored it. */
    | "acknowledged"
    /** It is given up; the reason says why. */
    | "rejected"
    /** Something was not recorded; the reason says why. */
    | "ignored"
    /** An event waits in memory for the visitor's decision. */
    | "held"
    /** The event before was recorded without an element's text and `href`. */
    | "masked"
    /** A plugin dropped an event or threw; the reason begins with its name. */
    | "plugin"
    /** The relay's answer to a batch, where it has not stored it. */
    | "answered"
    /** An error that the page does not notice. */
    | "failed"
    /** The tracker does not run. */
    | "stopped"
  ;
  /** Of the event that it is about; absent where there is none. */
  messageId?: string;
  /** The event as it is sent: the text of one JSON object, `{}` where there is none. */
  line: string;
  /** Why. */
  reason?: string;
}

/** Signs of automation, kept and never acted upon by a client: the relay marks the event. */
export interface Automation {
  /** There was no browser: the bot made the event. */
  synthetic?: boolean;
  /** The browser said so (`navigator.webdriver`). */
  webdriver?: boolean;
}

/** A campaign, from the address's `utm_…`. */
export interface Campaign {
  /** The id that an advertisement's network gave the click. */
  clickId?: ClickId;
  /** `utm_content`. */
  content?: string;
  /** `utm_medium`. */
  medium?: string;
  /** `utm_campaign`. */
  name?: string;
  /** `utm_source`. */
  source?: string;
  /** `utm_term`. */
  term?: string;
}

/** The id of a click on an advertisement. */
export interface ClickId {
  /** The parameter that it came in, which tells the network: `gclid`. */
  name: string;
  /** The id. */
  value: string;
}

/** Everything around an event that is not what was done. */
export interface Context {
  /** Signs that no person did it; absent when there are none. */
  automation?: Automation;
  /** Which campaign led here. */
  campaign?: Campaign;
  /** Which library made the event. */
  library: Library;
  /** The language, as `en-GB`. */
  locale?: string;
  /** The page. */
  page?: Page;
  /** The screen. */
  screen?: Screen;
  /** Which visit, and where in it. */
  session?: Session;
  /** The time zone's name, as `Europe/London`. */
  timezone?: string;
  /** The browser, as it names itself. */
  userAgent?: string;
  /** Another site's page that led to the visit. */
  referrer?: { url: string };
  /** The first page of all, on a visit's first event. */
  firstTouch?: Details;
  /** What the browser asks for. */
  privacy?: { gpc?: true; dnt?: true };
  /** What the visitor has allowed. */
  consent?: { categoryPreferences: Consent };
  /** Whatever a plugin adds. */
  [name: string]: unknown;
}

/** The properties of [`DEAD_CLICKED`] ("Dead Clicked"). */
export interface DeadClicked {
  /** The message id of the click that it is about. */
  click: string;
}

/** The nearest link, control or marked element around what was hit. */
export interface Element {
  /** Its classes. */
  classes?: string[];
  /** Where it leads, as its attribute has it. */
  href?: string;
  /** Its `id`. */
  id?: string;
  /** Where it stands: `main > ul#books > li > a`. */
  path?: string;
  /** Its tag, in small letters. */
  tag: string;
  /** What it says, cut at 100 characters; never what somebody typed. */
  text?: string;
}

/** The properties of [`ELEMENT_CLICKED`] ("Element Clicked"), beside what the page's own attributes say. */
export interface ElementClicked {
  /** What was clicked. */
  element: Element;
  /** With what. */
  input: Input;
  /** Where a link leads that leads away. */
  link?: Link;
}

/** The properties of [`ELEMENT_VIEWED`] ("Element Viewed"), or of the event that the element's attribute
 *  names, beside what the page's own attributes say. */
export interface ElementViewed {
  /** What was seen. */
  element: Element;
}

/** The properties of [`ERROR_OCCURRED`] ("Error Occurred"). */
export interface ErrorOccurred {
  /** The column in that, from 1. */
  column?: number;
  /** `error`, or `rejection` of a promise that nobody caught. */
  kind: string;
  /** The line in it, from 1. */
  line?: number;
  /** What it says, cut at 300 characters. */
  message?: string;
  /** The error's class, as `TypeError`. */
  name?: string;
  /** The script's address, cut at 300 characters. */
  source?: string;
  /** The functions that had been called, as the browser writes them, cut at 2,000 characters. */
  stack?: string;
}

/** The properties of [`ERRORS_COUNTED`] ("Errors Counted"): how many a page had beside those told. */
export interface ErrorsCounted {
  /** In another origin's scripts, of which the browser says nothing. */
  foreign: number;
  /** Beyond those that are told of a page. */
  more: number;
  /** The same as one that was told. */
  repeated: number;
}

/** An event before it is a line.
 *  
 *  Everything is borrowed: a page makes one at every click.
 *  
 *  What the relay owns (`receivedAt`, `timestamp`, `userBucket`, `relay`) is not here: a
 *  client cannot say it. `sentAt` belongs to the batch and is stamped at every attempt. */
export interface ClickstreamEvent {
  /** Which browser, by the tracker's own id. */
  anonymousId?: string;
  /** The page's category. */
  category?: string;
  /** What somebody did (track): a noun and a verb in the past, "Order Completed". */
  event?: string;
  /** The group that somebody belongs to (group). */
  groupId?: string;
  /** Made once, when the event happens; the same at every attempt to send it. */
  messageId: string;
  /** The page's or screen's name. */
  name?: string;
  /** When it happened, by the client's clock: `2026-01-02T03:04:05.006Z`. */
  originalTimestamp: string;
  /** The id that `userId` replaces (alias). */
  previousId?: string;
  /** Which of the six calls. */
  type: EventType;
  /** Whom the client claims it was; the relay decides whether to believe it. */
  userId?: string;
  /** Where it happened. */
  context: Context;
  /** What was done or seen (track, page). */
  properties?: Details;
  /** What is known of a user or group (identify, group). */
  traits?: Details;
}

/** What kind of call an event is. */
export type EventType = "identify" | "track" | "page" | "screen" | "group" | "alias";

/** A form, as its attributes have it. */
export interface Form {
  /** Where it is sent. */
  action?: string;
  /** Its `id`. */
  id?: string;
  /** Its `name`. */
  name?: string;
}

/** The properties of a form's events: names, never values. */
export interface FormFilled {
  /** Milliseconds since its first input; absent when there was none. */
  duration_ms?: number;
  /** The names of the fields that were filled in, in this order. */
  fields?: string[];
  /** Which form. */
  form: Form;
}

/** With what something was clicked. */
export interface Input {
  /** Which button of a mouse: 0 the main one, 1 the middle one. */
  button?: number;
  /** `mouse`, `touch`, `pen`, `keyboard` or `script`. */
  kind: string;
  /** `false` when a script made the event; absent when a person did. */
  trusted?: boolean;
  /** Where in the window, from the left; absent for a keyboard. */
  x?: number;
  /** Where in the window, from the top; absent for a keyboard. */
  y?: number;
}

/** The library that made an event. */
export interface Library {
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
}

/** A link that leads away: member `link` of [`ELEMENT_CLICKED`] ("Element Clicked"). */
export interface Link {
  /** The file's name, of a download. */
  file?: string;
  /** The other host, with its port; absent for the page's own. */
  host?: string;
  /** `outbound` (to another host) or `download`. */
  kind: string;
}

/** How a page was reached. */
export type Navigation = "load" | "push" | "replace" | "traverse" | "restore";

/** A page, in the spec's names. */
export interface Page {
  /** Its path. */
  path: string;
  /** The page before it. */
  referrer?: string;
  /** The pattern of the site's routes that it is of: `/books/:id`. */
  route?: string;
  /** The query, with its question mark. */
  search?: string;
  /** The document's title. */
  title?: string;
  /** The whole address. */
  url: string;
}

/** The properties of [`PAGE_LEFT`] ("Page Left"). Where it was is the event's `context.page`. */
export interface PageLeft {
  /** Milliseconds since the view began. */
  duration_ms: number;
  /** Milliseconds of these in which the page was visible and had the focus. */
  engaged_ms: number;
  /** How far down the page was seen, in percent of its height. */
  scroll_percent: number;
}

/** The properties of a page event: the page in the spec's names, and how it was reached. */
export interface PageViewed {
  /** How it was reached; absent when a site calls `page()`. */
  navigation?: Navigation;
  /** Its path. */
  path: string;
  /** The page before it. */
  referrer?: string;
  /** The query, with its question mark. */
  search?: string;
  /** The document's title. */
  title?: string;
  /** The whole address. */
  url: string;
}

/** The properties of [`PRODUCTS_SEARCHED`] ("Products Searched"). */
export interface ProductsSearched {
  /** What was searched for, cut at 200 characters. */
  query: string;
}

/** The properties of [`RAGE_CLICKED`] ("Rage Clicked"). */
export interface RageClicked {
  /** The message id of the click that it is about. */
  click: string;
}

/** A screen, in CSS pixels. */
export interface Screen {
  /** Device pixels in a CSS pixel; written with three decimals at most. */
  density: number;
  /** Its height. */
  height: number;
  /** Its width. */
  width: number;
}

/** A visit: numbers that put a journey's events in a total order and make gaps countable. */
export interface Session {
  /** Which event of the visit it is, from 1. */
  event: number;
  /** The visit's id. */
  id: string;
  /** Which visit of this browser it is, from 1. */
  index: number;
}

/** The properties of [`WEB_VITALS_MEASURED`] ("Web Vitals Measured"), by the definitions of web.dev. Times
 *  are milliseconds from the navigation, or from the moment that a page drawn in advance was shown. What
 *  a browser does not measure, or what did not happen, is absent. */
export interface WebVitals {
  /** Cumulative Layout Shift: how much of the window moved by itself, times how far, as a part of it; of
   *  the five seconds in which that was the most, with three decimals. */
  cls?: number;
  /** First Contentful Paint: when anything was drawn. */
  fcp_ms?: number;
  /** Interaction to Next Paint: how long the page took to answer, of all clicks, taps and keys one of
   *  the slowest. */
  inp_ms?: number;
  /** Largest Contentful Paint: when the largest text or image was drawn. */
  lcp_ms?: number;
  /** Time to First Byte: when the server's answer began. */
  ttfb_ms?: number;
}

/** Properties of what is recorded without a call, by the event's name; page views have
 *  `PageViewed`. A click's also have what the page's own attributes say. */
export interface Captured {
  "Element Clicked": ElementClicked & Details;
  "Rage Clicked": RageClicked;
  "Page Left": PageLeft;
  "Form Started": FormFilled;
  "Form Submitted": FormFilled;
  "Form Abandoned": FormFilled;
  "Web Vitals Measured": WebVitals;
  "Error Occurred": ErrorOccurred;
  "Errors Counted": ErrorsCounted;
  "Dead Clicked": DeadClicked;
  "Element Viewed": ElementViewed & Details;
  "Products Searched": ProductsSearched;
}
