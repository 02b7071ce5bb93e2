//! `GET /api/common/query-credits`: the credit pools of the application.

use safelight_contract::Result;
use safelight_operation::Endpoint;
use safelight_store::{Credits, Pool};
use serde_json::{Map, Number, Value, json};

use crate::app::{App, Stored};
use crate::auth::authenticate;
use crate::endpoints::Call;
use crate::reply::Reply;

/// Where it is.
pub(crate) const PATH: &str = "/api/common/query-credits";

pub(crate) async fn handle(call: Call) -> Result<Reply> {
    let Call { app, trace, request } = call;
    let principal = authenticate(&app, &trace, request.headers()).await?;
    let pools = app.store.pools(principal.application.id).await;
    let pools = pools.or_internal("reading the credits")?;
    let shown = pools.iter().map(|pool| show(pool, &app)).collect();
    let mut fields = Map::new();
    fields.insert("data".to_owned(), Value::Array(shown));
    Reply::new(&trace, fields)
}

fn show(pool: &Pool, app: &App) -> Value {
    json!({
        "unique_sign": pool.sign,
        "name": name(&pool.sign, app),
        "balance": number(pool.balance),
        "total": number(pool.total),
        "last_recharge_balance": number(pool.last_recharge_balance),
        "balance_warning": number(pool.balance_warning),
        "first_buy_time": pool.first_buy_time / 1000,
        "last_update_time": pool.last_update_time / 1000,
    })
}

/// A pool is named after the service that it pays for.
fn name<'a>(sign: &'a str, app: &App) -> &'a str {
    if sign == safelight_store::COMMON_POOL {
        return "Universal Credits";
    }
    let service = app.endpoints().map(Endpoint::spec).find(|service| service.pool == sign);
    service.map_or(sign, |service| service.name)
}

/// A whole number where it is one, since some clients read nothing else.
pub(crate) fn number(credits: Credits) -> Value {
    let Credits(thousandths) = credits;
    if thousandths % 1000 == 0 {
        return Value::from(thousandths / 1000);
    }
    Number::from_f64(credits.as_f64()).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_whole_numbers_where_they_are_whole() {
        assert_eq!(number(Credits::whole(1000)).to_string(), "1000");
        assert_eq!(number(Credits(1500)).to_string(), "1.5");
        assert_eq!(number(Credits(-1)).to_string(), "-0.001");
    }
}
