//! `workload REQUEST TIMES`: decides one request a number of times, for callgrind to count.

use std::env::args;
use std::hint::black_box;

use tenancy_filter::{Filter, Tally};
use workload::{Counted, borrowed, counted, decided};

fn main() {
    let [_, name, times] = &args().collect::<Vec<_>>()[..] else { panic!("workload REQUEST TIMES") };
    let all = counted();
    let found = all.iter().find(|counted| counted.get.name == *name);
    let Counted { get, configuration, is_inbound, .. } = found.expect("a request of this name");
    let filter = Filter::from_config(configuration.as_bytes()).expect("a configuration").filter;
    let (lines, tally) = (get.headers(), Tally::default());
    let headers = borrowed(&lines);
    for _ in 0..times.parse().expect("a number") {
        decided(&filter, black_box(&headers), *is_inbound, &tally, |mutations| _ = black_box(mutations.len()));
    }
}
