//! What all processes must have alike.

use super::*;

cases! {
    an_agreement_is_read_and_forgotten,
}

async fn an_agreement_is_read_and_forgotten(store: Arc<dyn Store>) {
    assert_eq!(store.agreed("secret").await.unwrap(), None);
    store.agree("secret", "a").await.unwrap();
    let other = store.as_another();
    assert_eq!(other.agreed("secret").await.unwrap().as_deref(), Some("a"));
    assert_eq!(other.agreed("another").await.unwrap(), None);
    other.forget_agreement("secret").await.unwrap();
    store.agree("secret", "b").await.unwrap();
    assert_eq!(other.agreed("secret").await.unwrap().as_deref(), Some("b"));
}
