// JSON as it came, laid out: numbers and doubled keys stay as they were, because nothing parses it
// into values. Every piece becomes text, never markup.

// What only the relay writes, at the top level of a line.
const ADDED = new Set(['userId', 'userBucket', 'receivedAt', 'timestamp', 'relay']);

const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|"/gsu;

// Characters that are not seen, or turn the text around them.
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

// The text with what cannot be seen written as JSON escapes.
export function visible(text) {
  return text.replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function span(kind, text) {
  const node = document.createElement('span');
  node.className = kind;
  node.textContent = visible(text);
  return node;
}

const INDENT = 40;

// `text` as nodes; `mark` marks what the relay added.
export function layout(text, mark) {
  const root = document.createDocumentFragment();
  let into = root;
  let depth = 0;
  let key = true;
  const open = [];
  const line = () => into.append(`\n${'  '.repeat(Math.min(depth, INDENT))}`);
  const tokens = [...text.matchAll(TOKEN)].map((match) => match[0]).filter((token) => token.trim());
  tokens.forEach((token, index) => {
    if (token === '{' || token === '[') {
      open.push(token);
      into.append(token);
      depth += 1;
      key = token === '{';
      if (!'}]'.includes(tokens[index + 1] ?? '}')) line();
    } else if (token === '}' || token === ']') {
      open.pop();
      depth -= 1;
      if (depth === 0) into = root;
      if (!'{['.includes(tokens[index - 1] ?? '{')) line();
      into.append(token);
    } else if (token === ',') {
      into.append(',');
      if (depth === 1) into = root;
      key = open.at(-1) === '{';
      line();
    } else if (token === ':') {
      into.append(': ');
      key = false;
    } else if (key && token.startsWith('"')) {
      if (mark && depth === 1 && ADDED.has(token.slice(1, -1))) {
        into = root.appendChild(document.createElement('mark'));
        into.className = 'added';
      }
      into.append(span('key', token));
    } else {
      into.append(span(token.startsWith('"') ? 'text' : 'value', token));
    }
  });
  return root;
}
