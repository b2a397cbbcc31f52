-- Write-ahead: readers of the file (a curious sqlite3) do not stop the shop.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 2000;

CREATE TABLE IF NOT EXISTS sessions (
  id          TEXT PRIMARY KEY,
  reader      INTEGER,
  signed_in   INTEGER,                      -- ms; `auth_time` of the token
  seen        INTEGER NOT NULL,             -- ms
  cart        TEXT NOT NULL,
  checkout    TEXT,                         -- set when a checkout is begun
  shipping    TEXT NOT NULL DEFAULT 'post',
  name        TEXT NOT NULL DEFAULT '',
  street      TEXT NOT NULL DEFAULT '',
  city        TEXT NOT NULL DEFAULT '',
  postcode    TEXT NOT NULL DEFAULT ''
);

-- What the next page has to tell the tracker, once.
CREATE TABLE IF NOT EXISTS sayings (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  session     TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  id          TEXT NOT NULL,
  call        TEXT NOT NULL                 -- JSON: ["track", name, properties]
);
CREATE INDEX IF NOT EXISTS sayings_of ON sayings(session);

CREATE TABLE IF NOT EXISTS basket (
  session     TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  book        INTEGER NOT NULL,
  quantity    INTEGER NOT NULL CHECK (quantity > 0),
  place       INTEGER NOT NULL,
  PRIMARY KEY (session, book)
);

CREATE TABLE IF NOT EXISTS orders (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  checkout    TEXT NOT NULL UNIQUE,         -- one checkout, one order, however often it is sent
  session     TEXT NOT NULL,
  reader      INTEGER,
  placed      INTEGER NOT NULL,             -- ms
  shipping    TEXT NOT NULL,
  subtotal    INTEGER NOT NULL,             -- pence
  postage     INTEGER NOT NULL,             -- pence
  name        TEXT NOT NULL,
  street      TEXT NOT NULL,
  city        TEXT NOT NULL,
  postcode    TEXT NOT NULL
);
-- Orders begin at o-1001: a first customer should not feel like one.
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'orders', 1000 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'orders');

CREATE TABLE IF NOT EXISTS order_lines (
  "order"     INTEGER NOT NULL REFERENCES orders(id) ON DELETE CASCADE,
  book        INTEGER NOT NULL,
  quantity    INTEGER NOT NULL,
  price       INTEGER NOT NULL,             -- pence, as paid
  place       INTEGER NOT NULL,
  PRIMARY KEY ("order", book)
);

CREATE TABLE IF NOT EXISTS reviews (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  seed        TEXT UNIQUE,                  -- where in the catalogue it came from, if it did
  book        INTEGER NOT NULL,
  reader      INTEGER NOT NULL,
  stars       INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
  title       TEXT NOT NULL,
  body        TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS reviews_of ON reviews(book);

CREATE TABLE IF NOT EXISTS review_likes (
  review      INTEGER NOT NULL REFERENCES reviews(id) ON DELETE CASCADE,
  owner       TEXT NOT NULL,
  PRIMARY KEY (review, owner)
);

-- The owner is a reader (`reader-7`) or, before signing in, a session.
CREATE TABLE IF NOT EXISTS wishes (
  owner       TEXT NOT NULL,
  book        INTEGER NOT NULL,
  PRIMARY KEY (owner, book)
);

-- The catalogue is in the program, so the index over it is made anew at each start.
DROP TABLE IF EXISTS books;
CREATE VIRTUAL TABLE books USING fts5(
  title, author, press, blurb, about, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
