//! Calls, in the words of the Segment spec and a few of our own.

/// How a call is made and where it is understood.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Its arguments and what it gives, as TypeScript says it; several where it has several forms.
    pub signatures: &'static [&'static str],
    /// The loader understands it by itself.
    pub loader: bool,
}

const fn call(signatures: &'static [&'static str]) -> Form {
    Form {
        signatures,
        loader: false,
    }
}

const fn loaders(signatures: &'static [&'static str]) -> Form {
    Form {
        signatures,
        loader: true,
    }
}

words! { Form;
    /// A page view. The tracker makes its own; one by call for the same address replaces it.
    PAGE = "page", call(&[
        "(name?: string, properties?: Details, options?: Options): Safe",
        "(category: string, name: string, properties?: Details, options?: Options): Safe",
        "(properties: Details, options?: Options): Safe",
    ]);
    /// What somebody did: a noun and a verb in the past, "Order Completed".
    TRACK = "track", call(&[
        "(event: string, properties?: Details | null, options?: Options): Safe",
    ]);
    /// Who somebody is. The claim stays until `reset`.
    IDENTIFY = "identify", call(&[
        "(userId: string | number | null, traits?: Details, options?: Options): Safe",
        "(traits: Details, options?: Options): Safe",
    ]);
    /// Which group somebody belongs to.
    GROUP = "group", call(&[
        "(groupId: string | number, traits?: Details, options?: Options): Safe",
    ]);
    /// Two ids of one person.
    ALIAS = "alias", call(&[
        "(userId: string | number, previousId?: string | number): Safe",
    ]);
    /// Somebody signed out: a new id for this browser, no claim, no token.
    RESET = "reset", call(&["(): void"]);
    /// Sends what waits now.
    FLUSH = "flush", call(&["(): void"]);
    /// The user's signed token, for sites on another origin than the relay.
    SET_USER_TOKEN = "setUserToken", call(&["(token: string | null): void"]);
    /// What the visitor has decided, by categories; `analytics` rules recording and storing.
    CONSENT = "consent", call(&["(categories: Consent): void"]);
    /// Removes everything that was ever stored, and the relay's cookie; this page stores no more.
    FORGET = "forget", call(&["(): void"]);
    /// Adds plugins, which see every event before it is stored or sent.
    PLUGIN = "plugin", loaders(&["(...plugins: Plugin[]): void"]);
    /// Explains in the browser's console, from now on, what the tracker does and why.
    DEBUG = "debug", loaders(&["(): void"]);
    /// The same calls as arrays, as before the script has loaded.
    PUSH = "push", loaders(&["(...calls: Call[]): void"]);
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn the_loader_takes_the_calls_of_the_table() {
        let door = include_str!("../door.js");
        let names = door.split_once("export const names =\n  \"").unwrap().1;
        let names = names.split('"').next().unwrap();
        let calls = ALL.iter().filter(|call| !call.more.loader);
        let calls: Vec<&str> = calls.map(|call| call.word).collect();
        assert_eq!(names.split(' ').collect::<Vec<_>>(), calls);
        for own in ALL.iter().filter(|call| call.more.loader) {
            assert!(
                door.contains(&format!("    {}: (", own.word)),
                "{}",
                own.word
            );
        }
    }
}
