//! A proxy that keeps what is remembered, and its clock.

use std::collections::HashMap;

use tenancy_filter::{
    Counter, Direction, EncodedContext, Filter, Gathered, Lease, Mutation, Peer, Repair, Table, Tally, TraceId,
};

use crate::law::{Recalling, decide, headers};

/// What a host keeps, and its clock.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) buckets: HashMap<u32, Vec<u8>>,
    pub(crate) now: u64,
}

/// An inbound request whose application is at work.
pub(crate) struct Stream {
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) context: Vec<(String, String)>,
    pub(crate) leases: Vec<Lease>,
}

impl Host {
    fn bucket(&self, repair: &Repair, id: &TraceId) -> &[u8] {
        self.buckets.get(&table(repair).bucket(id)).map_or(&[], |bytes| bytes)
    }

    /// The inbound request, as the proxy hands it to its application.
    pub(crate) fn open(
        &mut self,
        filter: &Filter,
        ids: Vec<(String, String)>,
        context: Vec<(String, String)>,
    ) -> Stream {
        let lines = [ids, context.clone()].concat();
        let headers = headers(&lines);
        let (_, memo) = decide(filter, &headers);
        let repair = filter.repair().expect("is configured");
        let leases = memo.ids.into_iter().map(|id| self.remember(repair, &id, &memo.context)).collect();
        Stream { lines, context, leases }
    }

    fn remember(&mut self, repair: &Repair, id: &TraceId, context: &EncodedContext) -> Lease {
        let (bucket, lease) = repair.remember(self.bucket(repair, id), id, context, self.now);
        self.buckets.insert(table(repair).bucket(id), bucket);
        lease
    }

    pub(crate) fn close(&mut self, filter: &Filter, stream: Stream) {
        let repair = filter.repair().expect("is configured");
        for lease in stream.leases {
            let bucket = repair.release(self.bucket(repair, lease.id()), &lease, self.now);
            self.buckets.insert(table(repair).bucket(lease.id()), bucket);
        }
    }

    /// What the proxy adds to a call that its application makes with these headers, and what it counts.
    pub(crate) fn call(&self, filter: &Filter, lines: &[(String, String)]) -> (Vec<(String, String)>, Vec<Counter>) {
        let repair = filter.repair().expect("is configured");
        let headers = headers(lines);
        let gathered = Gathered { token: None, direction: Direction::Outbound { cluster: b"" } };
        let tally = Tally::default();
        let recall = |id: &TraceId| repair.recall(self.bucket(repair, id), id, self.now);
        let scan = filter.scan(&headers, Peer::Known);
        let mutations = scan.decide(&gathered, Recalling(recall), &tally).expect("nothing is refused").mutations;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let added = mutations.iter().map(|mutation| match mutation {
            Mutation::Set { name, value } => (text(name), text(value)),
            Mutation::Remove { name } => panic!("removes {name:?}"),
        });
        let counted = tally.take().map(|(counter, _)| counter);
        (added.collect(), counted.filter(|counter| counter.name().starts_with("tenancy.context")).collect())
    }
}

/// As long as the key is the same, all VMs of a proxy have the same table.
fn table(repair: &Repair) -> Table {
    repair.table(*b"nobody knows it.")
}
