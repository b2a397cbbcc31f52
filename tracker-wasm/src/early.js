// Of the full edition alone, within the door: errors of the page before the module is there to hear
// them. It looks at them and keeps the first few; what the page does with them is the page's.
  data.early = [];
  for (const kind of ["error", "unhandledrejection"])
    addEventListener(kind, (event) => {
      if (!deliver && event.target == window && data.early.length < 20) data.early.push(event);
    });
