//! Each sync is needed: without it, and all others in place, a history loses or doubles an
//! event, or the system does not come up again.

use clickstream_relay::spool::files::SyncPoint;

use crate::history::run;
use crate::merge;
use crate::model::Counterexample;
use crate::refused;

const MOST: u64 = 6_000;

/// The first history that finds it out.
fn needed(point: SyncPoint) {
    let played = match point {
        // What a stream refuses comes in no history of a lake.
        SyncPoint::Refused | SyncPoint::RefusedName | SyncPoint::RecoveredRefused => refused::run,
        SyncPoint::Merged
        | SyncPoint::MergeRecord
        | SyncPoint::MergedNames
        | SyncPoint::MergedName
        | SyncPoint::MergedGone => merge::run,
        _ => |seed, skip| run(seed, skip).map(drop),
    };
    for seed in 0..MOST {
        match played(seed, Some(point)) {
            Ok(_) => {}
            Err((Counterexample::Books(_), _)) => {}
            Err((found, trace)) => {
                let steps = trace.len();
                // It is the missing sync that this history misses, and nothing else.
                assert!(
                    played(seed, None).is_ok(),
                    "{point:?}: history {seed} fails with it"
                );
                println!("{point:?}: history {seed}, {steps} steps: {found:?}");
                return;
            }
        }
    }
    panic!("{MOST} histories did not miss the sync {point:?}");
}

macro_rules! each {
    ($($name:ident $point:ident,)*) => {
        $(#[test]
        fn $name() {
            needed(SyncPoint::$point);
        })*

        #[test]
        fn every_sync_point_has_its_test() {
            assert_eq!(SyncPoint::ALL, [$(SyncPoint::$point),*]);
        }
    };
}

each! {
    spool_parents SpoolParents,
    identity Identity,
    spool_names SpoolNames,
    segment_name SegmentName,
    commit Commit,
    ids Ids,
    ids_head IdsHead,
    ids_name IdsName,
    recovered_ids RecoveredIds,
    recovered_tail RecoveredTail,
    recovered_checkpoint RecoveredCheckpoint,
    checkpoint Checkpoint,
    refused Refused,
    refused_name RefusedName,
    recovered_refused RecoveredRefused,
    plan Plan,
    plan_name PlanName,
    recovered_plan RecoveredPlan,
    lake_parents LakeParents,
    lake_identity LakeIdentity,
    lake_identity_file LakeIdentityFile,
    lake_names LakeNames,
    staged Staged,
    staged_file StagedFile,
    key_path KeyPath,
    published Published,
    published_many PublishedMany,
    merged Merged,
    merge_record MergeRecord,
    merged_names MergedNames,
    merged_name MergedName,
    merged_gone MergedGone,
}
