//! The certificate: whose, and for how long.

use super::{Found, kept};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::tls::expiry::{Left, date};

pub(super) fn look(config: &Config, clock: &dyn Clock, found: &mut Found) {
    let Some(tls) = &config.http.tls else {
        return;
    };
    let path = tls.certificate_file().display();
    kept::secret(tls.key_file(), found);
    let Some(expires_ms) = tls.expires_ms() else {
        found.warns(format!("until when {path} is valid cannot be read"));
        return;
    };
    let is = format!(
        "{path}, valid until {}; read again when it changes",
        date(expires_ms)
    );
    match Left::of(expires_ms, clock.now_ms()) {
        Left::Long => found.says("certificate", is),
        Left::Days(days) => {
            found.says("certificate", is);
            found.warns(format!(
                "{path} expires in {days} days: renew it, and see that what renews it runs"
            ));
        }
        Left::None => {
            let error = "it has expired, and clients refuse it: renew it";
            found.tried("certificate", is, Err(error));
        }
    }
}
