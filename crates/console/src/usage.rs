//! How the API was used.

use jiff::Timestamp;
use maud::{Markup, html};
use safelight_store::{LATENCY_MS, Latency, UsageReport, UsageSum};

use crate::chart::{self, Point};
use crate::layout::{Shell, page};
use crate::show;
use crate::table::{Column, Row, table};

/// What was chosen, and what can be.
pub struct Choice<'a> {
    /// Days that the plots show: 1, 7, 30 or 90.
    pub days: u32,
    /// The service, by path.
    pub service: Option<&'a str>,
    /// The application, by number.
    pub application: Option<i64>,
    /// Every service: path and name.
    pub services: &'a [(&'static str, &'static str)],
    /// Every application that may be seen: number and name.
    pub applications: &'a [(i64, String)],
    /// The first hour, the hour after the last, and the hours of a point.
    pub hours: (i64, i64, i64),
}

/// The values that `days` may have.
pub const DAYS: [u32; 4] = [1, 7, 30, 90];

/// The time in milliseconds below which this share of requests stayed, from the buckets; `None`
/// where there were none.
pub fn percentile(latency: &Latency, share: f64) -> Option<f64> {
    let total: u64 = latency.iter().sum();
    if total == 0 {
        return None;
    }
    let wanted = (total as f64 * share).max(1.0);
    let mut before = 0.0;
    for (bucket, count) in latency.iter().enumerate() {
        let reached = before + *count as f64;
        if reached >= wanted {
            let low = bucket.checked_sub(1).map_or(0.0, |at| f64::from(LATENCY_MS[at]));
            let high = LATENCY_MS.get(bucket).map_or(low, |bound| f64::from(*bound));
            return Some(low + (high - low) * (wanted - before) / *count as f64);
        }
        before = reached;
    }
    None
}

/// The page.
pub fn overview(shell: &Shell<'_>, choice: &Choice<'_>, report: &UsageReport) -> Markup {
    let total = sum(report.steps.iter().map(|(_, sum)| sum));
    let points = points(choice, report);
    let name = |id: i64| {
        let known = choice.applications.iter().find(|(other, _)| *other == id);
        known.map_or_else(
            || if id == 0 { "(no application)".to_owned() } else { format!("({id}, deleted)") },
            |(_, name)| name.clone(),
        )
    };
    page(
        shell,
        html! {
            h1 { "Usage" }
            (filter(choice))
            dl.figures {
                (figure("Requests", &show::count(total.requests)))
                (figure("Failures", &share(&total)))
                (figure("Credits", &total.credits.to_string()))
                (figure("Median", &time(&total, 0.5)))
                (figure("95 of 100 within", &time(&total, 0.95)))
            }
            @if total.requests == 0 { p { "Nothing was asked in this time. Run something in the " a href="/console/playground" { "playground" } "." } }
            @else {
                (chart::bars("Requests", &[("succeeded", "ok"), ("failed", "failed")], &points.0, whole))
                (chart::lines("Latency", &[("median", "ok"), ("95th percentile", "late")], &points.1, show::millis))
                (chart::bars("Credits", &[("charged", "credits")], &points.2, whole))
                h2 { "By service" }
                (sums("Service", report.services.iter().map(|(path, sum)| (path.clone(), sum))))
                @if choice.applications.len() > 1 && choice.application.is_none() {
                    h2 { "By application" }
                    (sums("Application", report.applications.iter().map(|(id, sum)| (name(*id), sum))))
                }
                h2 { "Error codes" }
                @if report.codes.is_empty() { p { "No request failed." } }
                @else { (codes(&report.codes)) }
            }
        },
    )
}

fn filter(choice: &Choice<'_>) -> Markup {
    html! {
        form.filter action="/console/usage" data-auto {
            div { label for="days" { "Time" }
                select #days name="days" {
                    @for days in DAYS {
                        option value=(days) selected[days == choice.days] { @if days == 1 { "24 hours" } @else { (days) " days" } }
                    }
                }
            }
            div { label for="service" { "Service" }
                select #service name="service" {
                    option value="" { "All" }
                    @for (path, name) in choice.services {
                        option value=(path) selected[choice.service == Some(*path)] { (name) }
                    }
                }
            }
            @if choice.applications.len() > 1 {
                div { label for="application" { "Application" }
                    select #application name="application" {
                        option value="" { "All" }
                        @for (id, name) in choice.applications {
                            option value=(id) selected[choice.application == Some(*id)] { (name) }
                        }
                    }
                }
            }
            button { "Show" }
        }
    }
}

fn figure(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn whole(value: f64) -> String {
    if value.fract() == 0.0 { show::count(value as u64) } else { format!("{value:.1}") }
}

fn sum<'a>(sums: impl Iterator<Item = &'a UsageSum>) -> UsageSum {
    sums.fold(UsageSum::default(), |mut total, sum| {
        total.requests += sum.requests;
        total.failures += sum.failures;
        total.credits.0 += sum.credits.0;
        for (total, count) in total.latency.iter_mut().zip(sum.latency) {
            *total += count;
        }
        total
    })
}

fn share(sum: &UsageSum) -> String {
    let percent = 100.0 * sum.failures as f64 / sum.requests.max(1) as f64;
    format!("{} ({percent:.1} %)", show::count(sum.failures))
}

fn time(sum: &UsageSum, share: f64) -> String {
    percentile(&sum.latency, share)
        .map_or_else(|| "–".to_owned(), |ms| format!("≈ {}", show::millis(ms)))
}

/// The points of the three plots, gaps filled.
fn points(choice: &Choice<'_>, report: &UsageReport) -> (Vec<Point>, Vec<Point>, Vec<Point>) {
    let (from, until, step) = choice.hours;
    let form = if step < 24 { "%H:00" } else { "%d %b" };
    let mut all = (Vec::new(), Vec::new(), Vec::new());
    let mut hour = from - from.rem_euclid(step);
    while hour < until {
        let known = report.steps.iter().find(|(at, _)| *at == hour);
        let sum = known.map(|(_, sum)| sum.clone()).unwrap_or_default();
        let at = Timestamp::from_second(hour * 3600).unwrap_or_default();
        let point = |values| Point { label: at.strftime(form).to_string(), values };
        let failed = sum.failures as f64;
        all.0.push(point(vec![Some(sum.requests as f64 - failed), Some(failed)]));
        let time = |share| percentile(&sum.latency, share);
        all.1.push(point(vec![time(0.5), time(0.95)]));
        all.2.push(point(vec![Some(sum.credits.as_f64())]));
        hour += step;
    }
    all
}

fn sums<'a>(head: &'static str, rows: impl Iterator<Item = (String, &'a UsageSum)>) -> Markup {
    let columns = [
        Column::Text(head),
        Column::Number("Requests"),
        Column::Number("Failures"),
        Column::Number("Credits"),
        Column::Number("Median"),
        Column::Number("95th"),
    ];
    let row = |(name, sum): (String, &UsageSum)| {
        Row::from([
            html! { (name) },
            html! { (show::count(sum.requests)) },
            html! { (share(sum)) },
            html! { (sum.credits) },
            html! { (time(sum, 0.5)) },
            html! { (time(sum, 0.95)) },
        ])
    };
    table(&columns, rows.map(row))
}

fn codes(codes: &[(String, u64)]) -> Markup {
    let row = |(code, count): &(String, u64)| {
        Row::from([
            html! { a href={ "/docs/errors#" (code) } { (code) } },
            html! { (show::count(*count)) },
        ])
    };
    table(&[Column::Text("Code"), Column::Number("Requests")], codes.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_within_their_bucket() {
        let mut latency = Latency::default();
        assert_eq!(percentile(&latency, 0.5), None);
        latency[3] = 10; // 5 to 10 ms
        latency[15] = 1; // more than a minute
        assert_eq!(percentile(&latency, 0.5), Some(5.0 + 5.0 * 5.5 / 10.0));
        assert_eq!(percentile(&latency, 1.0), Some(60_000.0));
    }
}
