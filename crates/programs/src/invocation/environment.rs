//! What the environment makes a program execute before, or instead of, what its arguments say.

use event::Text;

use super::{Context, Invocation};
use crate::executable::Kind;

/// The invocation as the environment changes it.
pub(super) fn applied(
    invocation: Invocation,
    _kind: Option<&Kind>,
    _name: &[u8],
    _argv: &[Text],
    _environment: &[Text],
    _context: &Context<'_>,
) -> Invocation {
    invocation
}
