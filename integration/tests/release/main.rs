//! A release: what it refuses to be made of, which compiler makes it, what its workflows may do, and, in `make
//! rehearse`, the whole of it.

mod forms;
mod interrupted;
mod refusals;
mod rehearsal;
mod runner;
mod toolchain;
mod unasked;
mod workflows;
