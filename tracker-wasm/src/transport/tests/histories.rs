//! Random histories of pages, databases, relays and page ends: what arrives in the end.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A browser: pages with one database, and a relay that tells doubles apart.
struct World {
    pages: Vec<Transport>,
    database: BTreeMap<String, String>,
    /// What pages left at their end, until who took it up has it in the database.
    left: BTreeMap<usize, String>,
    adopted: Vec<Vec<usize>>,
    ended: usize,
    stored: Vec<String>,
    turn: Option<usize>,
    flying: Option<(usize, String)>,
    writing: Vec<Option<Vec<Line>>>,
    now: f64,
}

impl World {
    fn new(pages: usize) -> Self {
        Self {
            pages: (0..pages).map(|_| durable()).collect(),
            database: BTreeMap::new(),
            left: BTreeMap::new(),
            adopted: vec![Vec::new(); pages],
            ended: 0,
            stored: Vec::new(),
            turn: None,
            flying: None,
            writing: vec![None; pages],
            now: 1.0,
        }
    }

    fn write(&mut self, page: usize, works: bool) {
        let now = self.now;
        if self.writing[page].is_none() {
            let lines = self.pages[page].write(now);
            self.writing[page] = (!lines.is_empty()).then_some(lines);
        } else if let Some(lines) = self.writing[page].take() {
            if works {
                let rows = lines.into_iter().map(|line| (line.key, line.json));
                self.database.extend(rows);
                for name in self.adopted[page].drain(..) {
                    self.left.remove(&name);
                }
            }
            self.pages[page].written(works, now);
        }
    }

    fn start_turn(&mut self, page: usize) {
        if self.turn.is_none() && self.pages[page].begin(self.now).is_some() {
            self.turn = Some(page);
            let rows = self.database.clone().into_iter();
            let lines = rows.map(|(key, json)| Line { key, json }).collect();
            match self.pages[page].choose(Some(lines), self.now, AT) {
                Some(request) => self.flying = Some((page, request)),
                None => self.end_turn(page),
            }
        }
    }

    fn end_turn(&mut self, page: usize) {
        if self.turn == Some(page) {
            self.turn = None;
            self.pages[page].finished();
        }
    }

    fn answer(&mut self, answer: &Answer, heard: bool) {
        if let Some((page, request)) = self.flying.take() {
            assert!(request.len() <= FLIGHT_BYTES);
            if heard {
                self.stored.extend(ids(&request));
            }
            let transport = &mut self.pages[page];
            for line in transport.answered(answer, (self.now, LONG_AGO, 0.5)) {
                self.database.remove(&line.key);
            }
            self.end_turn(page);
        }
    }

    /// A page ends, and another begins in its place.
    fn end(&mut self, page: usize, beacons_arrive: bool) {
        let Self { pages, stored, .. } = self;
        pages[page].leave(AT, &mut |body| {
            if beacons_arrive {
                stored.extend(ids(body));
            }
            true
        });
        self.ended += 1;
        self.left.insert(self.ended, self.pages[page].copy());
        self.writing[page] = None;
        self.flying = self.flying.take().filter(|(of, _)| *of != page);
        self.turn = self.turn.filter(|of| *of != page);
        self.pages[page] = durable();
        self.pages[page].opened(true, self.now);
        let left: String = self.left.values().map(String::as_str).collect();
        self.adopted[page] = self.left.keys().copied().collect();
        self.pages[page].adopt(&left, self.now);
    }
}

proptest! {
    /// Three pages, writes that fail, answers that get lost, pages that end with or without their
    /// beacons arriving: every line is with the relay in the end.
    #[test]
    fn every_line_arrives(
        steps in proptest::collection::vec((0..9_u8, 0..3_usize, 1..9_000_usize), 1..150)
    ) {
        let mut world = World::new(3);
        let mut pushed = 0;
        let calm = (0..900).map(|at| ([8, 1, 2, 3][at / 3 % 4], at % 3, 2));
        for (step, page, size) in steps.into_iter().chain(calm) {
            world.now += 1e7;
            match step {
                // More than a page can leave is lost with it where all other ways are shut.
                0 if world.pages[page].copy().len() + size < COPY_BYTES - 99 => {
                    world.pages[page].push(line(pushed, size), world.now);
                    pushed += 1;
                }
                0 => {}
                1 | 8 => world.write(page, size % 5 != 0),
                2 => world.start_turn(page),
                3 => world.answer(&Answer::Stored(Vec::new()), true),
                4 => world.answer(&Answer::Failed, size % 2 == 0),
                5 => world.end(page, size % 2 == 0),
                6 => world.pages[page].hide(),
                _ => world.answer(&Answer::Later(Some(1000.0)), false),
            }
        }
        world.stored.sort_unstable();
        world.stored.dedup();
        prop_assert_eq!(world.stored.len(), pushed);
        prop_assert!(world.database.is_empty());
    }

    /// Where nothing may be kept: every line goes once, within what browsers allow.
    #[test]
    fn without_a_store_every_line_is_sent_once(
        steps in proptest::collection::vec((0..7_u8, 1..20_000_usize), 1..120)
    ) {
        let mut transport = memory();
        let (mut now, mut pushed, mut refused) = (0.0, 0, 0);
        let mut stored: Vec<String> = Vec::new();
        let mut flying: Option<String> = None;
        for (step, size) in steps.into_iter().chain((0..400).map(|_| (6, 1))) {
            now += 1e7;
            match (step, flying.take()) {
                (0..=2, on_its_way) => {
                    refused += usize::from(!transport.push(line(pushed, size), now));
                    pushed += 1;
                    flying = on_its_way;
                }
                (3, on_its_way) => {
                    let mut bytes = on_its_way.as_ref().map_or(0, String::len);
                    transport.leave(AT, &mut |body| {
                        bytes += body.len();
                        assert!(bytes <= 64 * 1024, "over the budget");
                        stored.extend(ids(body));
                        true
                    });
                    transport.restored();
                    flying = on_its_way;
                }
                (4, Some(_)) => answered(&mut transport, &Answer::Failed, now),
                (5, Some(request)) if ids(&request).len() > 1 => {
                    answered(&mut transport, &Answer::Refused, now);
                }
                (_, Some(request)) => {
                    stored.extend(ids(&request));
                    answered(&mut transport, &Answer::Stored(Vec::new()), now);
                }
                (_, None) => flying = turn(&mut transport, now),
            }
        }
        stored.sort_unstable();
        let distinct = stored.len();
        stored.dedup();
        prop_assert_eq!(stored.len(), distinct, "doubled");
        prop_assert_eq!(stored.len() + refused, pushed);
    }
}
