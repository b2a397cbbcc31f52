// What a visitor could do on this page now: visible, enabled, on this site. Returns, for
// each, the element to act on and what one needs to know to choose and to act.
const seen = (element) => {
  const box = element.getBoundingClientRect();
  return (
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    box.width > 3 &&
    box.height > 3 &&
    // Moved out of the page's left or top edge for screen readers only.
    box.right + scrollX > 0 &&
    box.bottom + scrollY > 0 &&
    !element.closest("[inert], [aria-hidden=true], [aria-disabled=true]") &&
    // What a page says of itself, such as the bookstore's drawer, is no part of a visit.
    (element.matches("input, textarea") || !element.closest("[data-clickstream-ignore]")) &&
    getComputedStyle(element).pointerEvents !== "none"
  );
};
const here = (address) => {
  try {
    const url = new URL(address, document.baseURI);
    return /^https?:$/.test(url.protocol) && url.origin === location.origin;
  } catch {
    return false;
  }
};
const text = (element) =>
  (element.innerText || element.value || element.ariaLabel || element.title || "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 60);
const typed = "input:not([type=hidden], [type=submit], [type=button], [type=reset], [type=image], [type=checkbox], [type=radio], [type=file], [type=color], [type=range]), textarea";

// A form's fields that wait for something: empty text, and choices that must be made.
const gaps = (form) => {
  const fields = [];
  for (const field of form.querySelectorAll(typed))
    if (!field.value && !field.readOnly && !field.disabled && seen(field))
      fields.push({
        element: field,
        kind: field.type,
        name: field.name,
        autocomplete: field.autocomplete,
        longest: field.maxLength,
      });
  const groups = new Set();
  for (const radio of form.querySelectorAll("input[type=radio]:required, input[type=checkbox]:required")) {
    const group = radio.type === "radio" ? form.querySelectorAll(`input[name="${CSS.escape(radio.name)}"]`) : [radio];
    if (groups.has(radio.name) || [...group].some((one) => one.checked)) continue;
    const target = [radio, ...radio.labels].find(seen);
    if (target) fields.push({ element: target, kind: "choice", name: radio.name, autocomplete: "", longest: -1 });
    groups.add(radio.name);
  }
  return fields;
};

// Where an element stands, without its place in a list: what shares it is of one sort.
const sort = (element) => {
  const levels = [];
  for (let level = element; level && levels.length < 6 && level !== document.body; level = level.parentElement)
    levels.push(level.localName + "." + (level.classList[0] || ""));
  return levels.join(" ");
};

const found = [];
const add = (element, kind, more) =>
  found.push({
    element,
    kind,
    sort: sort(element),
    text: text(element),
    href: null,
    main: !!element.closest("main, [role=main]"),
    fields: [],
    options: 0,
    ...more,
  });

for (const link of document.querySelectorAll("a[href]")) {
  const elsewhere = link.target && link.target !== "_self";
  if (!elsewhere && !link.hasAttribute("download") && here(link.href) && seen(link))
    add(link, "link", { href: link.getAttribute("href") });
}
for (const button of document.querySelectorAll("button, input[type=submit], input[type=button], summary, [role=button]")) {
  if (button.disabled || button.closest("a") || !seen(button)) continue;
  const form = button.form;
  const submits = form && (button.type === "submit" || button.type === "image");
  if (!submits) add(button, "button");
  else if (here(button.formAction || form.action) && form.target !== "_blank") add(button, "submit", { fields: gaps(form) });
}
for (const choice of document.querySelectorAll("input[type=checkbox], input[type=radio]")) {
  if (choice.disabled || (choice.type === "radio" && choice.checked)) continue;
  const target = [choice, ...choice.labels].find(seen);
  if (target) add(target, "choice", { text: choice.labels[0] ? text(choice.labels[0]) : choice.name });
}
for (const select of document.querySelectorAll("select:not([multiple])"))
  if (!select.disabled && select.options.length > 1 && seen(select))
    add(select, "select", { text: select.name, options: select.options.length });

// Words of this page, for whoever searches.
const words = [...new Set((document.querySelector("main") || document.body).innerText.match(/\p{L}{4,12}/gu) || [])];
return { found, words: words.slice(0, 200), origin: location.origin };
