use std::pin::Pin;
use std::task::Poll;

use futures_util::{FutureExt, poll};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const SOON: Patience = Patience::Client(Duration::from_millis(30));
const LATER: Patience = Patience::Client(Duration::from_secs(60));

fn gate(bytes: u64, queue: u32) -> Arc<Gate> {
    Gate::new(Load { bytes, pixels: 1000, slots: 4 }, queue)
}

fn code(outcome: Result<Permit>) -> Code {
    outcome.map(drop).expect_err("must be refused").code()
}

#[tokio::test]
async fn what_can_never_fit_is_refused_at_once() {
    let gate = gate(10, 5);
    let refused = gate.acquire(1, Load::bytes(11), LATER).await;
    assert_eq!(code(refused), Code::InsufficientResources);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_a_short_one_after_the_wait() {
    let full = gate(10, 0);
    let held = full.acquire(1, Load::bytes(10), SOON).await;
    assert_eq!(code(full.acquire(1, Load::bytes(1), LATER).await), Code::AiServiceFlowRestriction);
    drop(held);
    let short = gate(10, 1);
    let _held = short.acquire(1, Load::bytes(10), SOON).await;
    assert_eq!(code(short.acquire(1, Load::bytes(1), SOON).await), Code::AiServiceFlowRestriction);
}

#[tokio::test]
async fn waiting_is_first_come_first_served() {
    let gate = gate(10, 5);
    let held = gate.acquire(1, Load::bytes(6), SOON).await.unwrap();
    let large = tokio::spawn({
        let gate = gate.clone();
        async move { gate.acquire(1, Load::bytes(9), LATER).await.unwrap() }
    });
    while gate.occupancy().waiting == 0 {
        tokio::task::yield_now().await;
    }
    // It would fit, but the large one was first.
    let small = tokio::spawn({
        let gate = gate.clone();
        async move { gate.acquire(1, Load::bytes(2), LATER).await.unwrap() }
    });
    while gate.occupancy().waiting < 2 {
        tokio::task::yield_now().await;
    }
    drop(held);
    let large = large.await.unwrap();
    assert_eq!(gate.occupancy().used.bytes, 9);
    drop(large);
    drop(small.await.unwrap());
    assert_eq!(gate.occupancy(), Occupancy { used: Load::default(), waiting: 0 });
}

#[tokio::test]
async fn who_leaves_the_queue_lets_the_next_pass() {
    let gate = gate(10, 5);
    let _held = gate.acquire(1, Load::bytes(6), SOON).await.unwrap();
    let (large, small) = tokio::join!(
        gate.acquire(1, Load::bytes(9), SOON),
        gate.acquire(1, Load::bytes(2), LATER),
    );
    assert_eq!(code(large), Code::AiServiceFlowRestriction);
    assert!(small.is_ok());
}

#[tokio::test]
async fn an_admitted_job_does_not_wait_behind_those_that_wait_for_its_memory() {
    let gate = gate(10, 5);
    let slot = Load { bytes: 0, pixels: 0, slots: 1 };
    let goes_on = Patience::Admitted(Duration::from_secs(60));
    let job = gate.acquire(1, Load::bytes(10), SOON).await.unwrap();
    let mut next = Box::pin(gate.acquire(1, Load { slots: 4, ..Load::bytes(10) }, LATER));
    assert!(poll!(&mut next).is_pending());
    // It has a slot at once, also for another application, and all of them in the order of asking.
    let piece = gate.acquire(1, slot, goes_on).now_or_never().expect("at once").unwrap();
    let others = [(); 3].map(|()| gate.acquire(2, slot, goes_on).now_or_never());
    assert!(others.iter().all(|other| matches!(other, Some(Ok(_)))));
    let mut fifth = Box::pin(gate.acquire(1, slot, goes_on));
    assert!(poll!(&mut fifth).is_pending(), "four slots are all");
    drop(piece);
    assert!(matches!(poll!(&mut fifth), Poll::Ready(Ok(_))));
    // What holds none waits until those are done who do.
    drop(job);
    assert!(poll!(&mut next).is_pending(), "its slots are taken");
    drop((others, fifth));
    assert!(matches!(poll!(&mut next), Poll::Ready(Ok(_))));
    drop(next);
    assert_eq!(gate.occupancy(), Occupancy { used: Load::default(), waiting: 0 });
}

#[tokio::test]
async fn shrinking_gives_back() {
    let gate = gate(10, 5);
    let need = Load { bytes: 8, pixels: 900, slots: 4 };
    let mut permit = gate.acquire(1, need, SOON).await.unwrap();
    permit.shrink_to_bytes(3);
    assert_eq!(gate.occupancy().used, Load::bytes(3));
    permit.shrink_to_bytes(100);
    assert_eq!(gate.occupancy().used, Load::bytes(3));
    drop(permit);
    assert_eq!(gate.occupancy().used, Load::default());
}

/// Requests of several applications at one gate, in the order in which they came.
struct Crowd {
    gate: Arc<Gate>,
    waiting: Vec<Waiting>,
    held: Vec<(i64, Permit)>,
    refused: Vec<i64>,
}

type Acquiring = Pin<Box<dyn Future<Output = Result<Permit>> + Send>>;

struct Waiting {
    application: i64,
    number: usize,
    acquiring: Acquiring,
}

impl Crowd {
    fn new(gate: Arc<Gate>) -> Self {
        Self { gate, waiting: Vec::new(), held: Vec::new(), refused: Vec::new() }
    }

    async fn arrive(&mut self, application: i64, number: usize, need: Load) -> Vec<(i64, usize)> {
        let gate = self.gate.clone();
        let acquiring = Box::pin(async move { gate.acquire(application, need, LATER).await });
        self.waiting.push(Waiting { application, number, acquiring });
        self.settle().await
    }

    /// Lets those through who were admitted; answers who, and with which of their requests.
    async fn settle(&mut self) -> Vec<(i64, usize)> {
        let mut admitted = Vec::new();
        // Who is looked at last may have taken the place of one before.
        for _ in 0..2 {
            for mut one in std::mem::take(&mut self.waiting) {
                match poll!(one.acquiring.as_mut()) {
                    Poll::Pending => self.waiting.push(one),
                    Poll::Ready(Ok(permit)) => {
                        admitted.push((one.application, one.number));
                        self.held.push((one.application, permit));
                    }
                    Poll::Ready(Err(_)) => self.refused.push(one.application),
                }
            }
        }
        admitted
    }

    fn waiting_of(&self, application: i64) -> usize {
        self.waiting.iter().filter(|one| one.application == application).count()
    }

    /// Ends the oldest request that is at work; answers who is admitted then.
    async fn end_oldest(&mut self) -> Vec<(i64, usize)> {
        self.held.remove(0);
        self.settle().await
    }

    fn check(&self) {
        let Occupancy { used, waiting } = self.gate.occupancy();
        let held = self.held.iter().fold(Load::default(), |sum, (_, p)| sum.plus(p.load));
        assert_eq!((used, waiting), (held, self.waiting.len()), "nothing is lost");
        assert!(used.fits(self.gate.capacity));
    }
}

const SLOT: Load = Load { bytes: 1, pixels: 1, slots: 1 };

#[tokio::test]
async fn one_request_comes_next_whatever_another_application_has_waiting() {
    let mut crowd = Crowd::new(gate(10, 40));
    for number in 0..30 {
        crowd.arrive(1, number, SLOT).await;
    }
    assert_eq!(crowd.held.len(), 4);
    crowd.arrive(2, 0, SLOT).await;
    assert_eq!(crowd.end_oldest().await, [(2, 0)]);
    // Two that wait all the time take turns.
    for number in 1..4 {
        crowd.arrive(2, number, SLOT).await;
    }
    let mut order = Vec::new();
    for _ in 0..6 {
        order.extend(crowd.end_oldest().await.into_iter().map(|(application, _)| application));
    }
    assert_eq!(order.iter().filter(|application| **application == 2).count(), 3, "{order:?}");
}

#[tokio::test]
async fn a_full_queue_makes_room_for_who_has_fewer_requests() {
    let mut crowd = Crowd::new(gate(10, 3));
    for number in 0..8 {
        crowd.arrive(1, number, SLOT).await;
    }
    assert_eq!((crowd.held.len(), crowd.waiting.len(), crowd.refused.len()), (4, 3, 1));
    crowd.arrive(2, 0, SLOT).await;
    assert_eq!((crowd.waiting_of(1), crowd.waiting_of(2)), (2, 1));
    assert_eq!(crowd.refused, [1, 1], "its newest lost its place");
    // Nobody takes a place from who has as few; and nobody takes it back.
    crowd.arrive(1, 8, SLOT).await;
    assert_eq!((crowd.waiting_of(1), crowd.waiting_of(2)), (2, 1));
    assert_eq!(crowd.refused, [1, 1, 1]);
    assert_eq!(crowd.end_oldest().await, [(2, 0)]);
    assert_eq!(crowd.end_oldest().await, [(1, 4)], "the oldest kept its place");
    crowd.check();
}

#[tokio::test]
async fn workers_wait_beside_the_queue() {
    let gate = gate(10, 0);
    let held = gate.acquire(1, Load::bytes(10), SOON).await.unwrap();
    let patience = Patience::Worker(Duration::from_secs(60));
    let mut worker = Box::pin(gate.acquire(1, Load::bytes(10), patience));
    assert!(poll!(worker.as_mut()).is_pending());
    assert_eq!(code(gate.acquire(2, Load::bytes(1), LATER).await), Code::AiServiceFlowRestriction);
    drop(held);
    assert!(worker.now_or_never().is_some_and(|permit| permit.is_ok()));
}

#[derive(Clone, Debug)]
enum Step {
    Arrive(i64, Load),
    End(Index),
    Leave(Index),
    Shrink(Index, u64),
}

fn needs() -> impl Strategy<Value = Load> {
    (1..=10_u64, 0..=1000_u64, 0..=4_u32).prop_map(|(bytes, pixels, slots)| Load {
        bytes,
        pixels,
        slots,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..4_i64, needs()).prop_map(|(application, need)| Step::Arrive(application, need)),
        3 => any::<Index>().prop_map(Step::End),
        1 => any::<Index>().prop_map(Step::Leave),
        1 => (any::<Index>(), 0..10_u64).prop_map(|(which, bytes)| Step::Shrink(which, bytes)),
    ]
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    /// Whatever happens: what is handed out is conserved, an application is served in its order,
    /// and everyone who goes on waiting is served.
    #[test]
    fn permits_are_conserved_and_nobody_starves(steps in vec(steps(), 1..80)) {
        run(async {
            let mut crowd = Crowd::new(gate(10, 8));
            let mut last = [0; 4];
            let mut in_order = |admitted: Vec<(i64, usize)>| {
                for (application, number) in admitted {
                    let last = &mut last[application as usize];
                    assert!(number >= *last, "first come, first served");
                    *last = number;
                }
            };
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Arrive(application, need) => {
                        in_order(crowd.arrive(application, number, need).await);
                    }
                    Step::End(which) if !crowd.held.is_empty() => {
                        drop(crowd.held.remove(which.index(crowd.held.len())));
                    }
                    Step::Leave(which) if !crowd.waiting.is_empty() => {
                        drop(crowd.waiting.remove(which.index(crowd.waiting.len())));
                    }
                    Step::Shrink(which, bytes) if !crowd.held.is_empty() => {
                        let which = which.index(crowd.held.len());
                        crowd.held[which].1.shrink_to_bytes(bytes);
                    }
                    _ => {}
                }
                in_order(crowd.settle().await);
                crowd.check();
                assert!(crowd.waiting.len() <= 8);
            }
            while !crowd.held.is_empty() {
                in_order(crowd.end_oldest().await);
                crowd.check();
            }
            assert!(crowd.waiting.is_empty(), "everyone was served");
        });
    }

    /// Applications that wait all the time get the same, but for one request of each.
    #[test]
    fn shares_are_equal(needs in vec(vec(needs(), 1..4), 2..4), rounds in 20..60_usize) {
        run(async {
            let mut crowd = Crowd::new(gate(10, 100));
            let capacity = crowd.gate.capacity;
            let mut number = 0;
            let mut served = vec![0; needs.len()];
            let most = |own: &[Load]| own.iter().map(|n| n.cost(capacity)).max().unwrap_or(0);
            // None is served before all of them wait.
            crowd.arrive(-1, 0, capacity).await;
            for _ in 0..rounds {
                for (application, own) in needs.iter().enumerate() {
                    while crowd.waiting_of(application as i64) < 16 {
                        let need = own[number % own.len()];
                        let admitted = crowd.arrive(application as i64, number, need).await;
                        assert!(admitted.is_empty(), "others wait already");
                        number += 1;
                    }
                }
                for (application, number) in crowd.end_oldest().await {
                    let own = &needs[application as usize];
                    served[application as usize] += own[number % own.len()].cost(capacity);
                }
                for (one, a) in needs.iter().enumerate() {
                    for (other, b) in needs.iter().enumerate() {
                        let apart = u64::abs_diff(served[one], served[other]);
                        assert!(apart <= most(a) + most(b), "{served:?}");
                    }
                }
            }
        });
    }
}
