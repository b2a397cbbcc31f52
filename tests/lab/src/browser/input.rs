//! Input in the words of W3C's actions, which WebDriver and WebDriver BiDi share.
//!
//! Elements are named differently in the two, so a point in the window stands for one.

use serde_json::{Value, json};

/// The key that opens a link in a tab of its own.
pub const CONTROL: char = '\u{e009}';

/// How a mouse button is pressed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Press {
    /// 0: the first, 1: the middle one, 2: the second.
    pub button: u8,
    /// A key that is held meanwhile, by WebDriver's number.
    pub key: Option<char>,
}

impl Press {
    /// Of a button alone.
    #[must_use]
    pub const fn button(button: u8) -> Self {
        let key = None;
        Self { button, key }
    }

    /// Of the first button while a key is held.
    #[must_use]
    pub const fn with(key: char) -> Self {
        let key = Some(key);
        Self { button: 0, key }
    }

    /// The actions, at a point `[x, y]` of the window.
    pub(super) fn at(self, point: &Value) -> Value {
        let pause = json!({"type": "pause", "duration": 0});
        let [move_to, down, up] = press(point, self.button);
        let mouse = mouse(&[move_to, pause.clone(), down, up, pause.clone()]);
        let Some(key) = self.key else {
            return json!([mouse]);
        };
        let down = json!({"type": "keyDown", "value": key});
        let up = json!({"type": "keyUp", "value": key});
        // Each source's actions go tick by tick with the other's.
        let keys = json!({
            "type": "key", "id": "keys", "actions": [pause, down, pause, pause, up],
        });
        json!([mouse, keys])
    }
}

fn press(point: &Value, button: u8) -> [Value; 3] {
    let move_to = json!({
        "type": "pointerMove", "x": point[0], "y": point[1], "duration": 0, "origin": "viewport",
    });
    let down = json!({"type": "pointerDown", "button": button});
    let up = json!({"type": "pointerUp", "button": button});
    [move_to, down, up]
}

fn mouse(actions: &[Value]) -> Value {
    json!({
        "type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
        "actions": actions,
    })
}

/// The actions of one who clicks so often, in turns at each of the points.
pub(super) fn clicks(points: &[Value], times: usize) -> Value {
    let each = points.iter().cycle().take(times);
    let actions: Vec<Value> = each.flat_map(|point| press(point, 0)).collect();
    json!([mouse(&actions)])
}

/// A script that gives the middle of an element as it stands in the window, once it is there and
/// nothing lies over it. `host >>> inner` looks into the open root of the host.
pub(super) fn point(selector: &str) -> String {
    let parts: Vec<&str> = selector.split(" >>> ").collect();
    format!(
        "let root = document, element;
         for (const part of {}) {{
           element = root?.querySelector(part);
           root = element?.shadowRoot;
         }}
         if (!element) return false;
         element.scrollIntoView({{block: 'nearest', inline: 'nearest', behavior: 'instant'}});
         // A link over two lines has nothing in its middle.
         const box = element.getClientRects()[0];
         if (!box) return false;
         const [x, y] = [box.x + box.width / 2, box.y + box.height / 2].map(Math.floor);
         const hit = element.getRootNode().elementFromPoint(x, y);
         return hit && (element.contains(hit) || hit.contains(element)) ? [x, y] : false",
        json!(parts)
    )
}

/// A script that puts the focus on an element and the cursor at the end of what is in it; gives
/// whether keys would go there.
pub(super) fn focus(selector: &str) -> String {
    format!(
        "const element = document.querySelector({});
         element.focus();
         if (element.isContentEditable) getSelection().selectAllChildren(element), getSelection().collapseToEnd();
         else if (typeof element.value == 'string' && element.setSelectionRange)
           element.setSelectionRange(element.value.length, element.value.length);
         return document.hasFocus() && document.activeElement === element",
        json!(selector)
    )
}

/// The actions of one who types.
pub(super) fn keys(text: &str) -> Value {
    let strokes: Vec<Value> = text
        .chars()
        .flat_map(|key| ["keyDown", "keyUp"].map(|way| json!({"type": way, "value": key})))
        .collect();
    json!([{"type": "key", "id": "keys", "actions": strokes}])
}

/// The actions of one who turns the wheel over the page.
pub(super) fn wheel(pixels: i64) -> Value {
    let turn = json!({
        "type": "scroll", "x": 100, "y": 100, "deltaX": 0, "deltaY": pixels,
        "duration": 0, "origin": "viewport",
    });
    json!([{"type": "wheel", "id": "wheel", "actions": [turn]}])
}
