//! The contract of the state store, one function per promise. Each gets an empty store.
//!
//! [`state_store_conformance`](crate::state_store_conformance) makes a test of each.

// Tests may fail loudly, and their names say what they promise.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs)]

pub mod aliases;
pub mod events;
pub mod evidence;
pub mod isolation;
pub mod lifecycle;
pub mod order;
pub mod place;
pub mod queue;
pub mod records;
pub mod removals;
pub mod safeguards;
pub mod search;
pub mod site_facts;
pub mod stale_values;
mod support;
pub mod time;

/// Makes a test of each promise of a state store. The argument is an async function that returns an empty store, and a
/// value that is kept as long as the store.
#[macro_export]
macro_rules! state_store_conformance {
    ($open:ident) => {
        $crate::state_store_conformance! { @cases $open
            aliases:
                alias_belongs_to_current_objects,
                unconfirmed_record_owns_its_alias,
                changed_alias_touches_its_referrers,
                misled_reference_is_read_again;
            events:
                event_shows_its_pending_work,
                full_sync_resolves_failed_events,
                events_are_found_newest_first,
                replayed_event_requests_the_same_work,
                replay_keeps_claimed_work,
                reader_sees_every_event_change,
                runs_are_found_newest_first,
                run_shows_executions_and_rejected_records,
                deleted_runs_delete_their_executions;
            evidence:
                unreadable_objects_resolve_no_event,
                unnamed_item_may_be_any_object,
                unreadable_objects_are_enqueued,
                runs_see_for_themselves;
            isolation:
                named_record_costs_two_executions,
                unnamed_record_costs_a_logarithm,
                two_unnamed_records_are_both_found,
                second_failure_alone_rejects_record,
                rejected_record_is_excluded_from_counts,
                proven_records_are_confirmed;
            lifecycle:
                interrupted_sync_is_resumable,
                expired_history_is_deleted,
                pause_holds_until_it_ends,
                runs_with_open_executions_stay_open;
            order:
                later_reading_wins,
                overtaken_record_never_replaces_newer_record,
                newer_unconfirmed_record_counts_as_last,
                readings_and_events_share_one_sequence,
                older_reading_of_absent_object_is_queued,
                absence_after_confirmation_queues_object,
                unconfirmed_record_of_absent_object_is_queued,
                absence_ends_with_open_runs;
            place:
                doubt_outlives_an_execution_under_way,
                retired_objects_follow_to_another_place,
                unknown_end_stays_unknown;
            queue:
                events_and_work_are_stored_once,
                completing_keeps_newer_requests,
                event_waits_for_all_its_work,
                requeued_work_counts_the_attempt,
                postponed_work_counts_no_attempt,
                failed_events_are_not_pending,
                event_without_subjects_is_not_queued,
                claim_is_exclusive_until_it_ends,
                request_during_a_claim_is_kept,
                repeated_delivery_is_stored_once,
                newest_event_decides_a_membership,
                request_is_canceled_until_accepted,
                attempted_event_is_not_unclaimed,
                request_is_accepted_once,
                released_request_is_accepted_again;
            records:
                records_are_unknown_until_confirmed,
                only_stored_kinds_are_confirmed,
                ended_run_leaves_nothing_staged,
                overtaken_record_is_not_sent,
                staged_changes_are_paged_groups_first,
                unlisted_objects_exclude_retired_ones,
                listed_members_are_found_by_user,
                referrer_of_new_object_is_resent,
                same_run_referrer_is_not_resent,
                removed_references_are_deleted,
                membership_differences_are_found_both_ways,
                rejected_record_is_retried_only_alone,
                unlisted_objects_include_unconfirmed_ones,
                unconfirmed_record_counts_as_last,
                unconfirmed_memberships_are_always_compared;
            removals:
                planned_removals_are_counted,
                retired_groups_add_no_removed_memberships,
                violating_changes_are_unstaged,
                scope_version_is_stored,
                group_and_members_are_separate_items;
            safeguards:
                retired_objects_add_up_across_runs,
                memberships_and_values_add_up,
                overtaken_changes_remove_nothing,
                undone_removals_no_longer_count,
                unconfirmed_removals_count_once,
                retired_unconfirmed_objects_count,
                retirements_awaiting_retry_are_counted,
                override_empties_the_window,
                sent_objects_are_no_longer_blocked,
                events_are_blocked_with_their_objects,
                removals_age_by_directory_time;
            search:
                search_matches_ids_and_names,
                search_reports_more_hits,
                unconfirmed_objects_are_found_once,
                unknown_objects_are_left_out,
                object_shows_run_of_its_record,
                object_shows_its_stale_values,
                metric_samples_expire_and_keep_order;
            site_facts:
                later_test_replaces_all_facts;
            stale_values:
                stale_values_are_stored_on_confirmation,
                unsent_change_leaves_no_stale_values,
                value_set_again_is_not_stale,
                unconfirmed_object_waits_to_be_cleared,
                failed_clearing_backs_off,
                records_with_stale_values_are_resent,
                retired_at_is_the_first_time,
                deleted_record_leaves_an_audit_entry,
                resend_marks_every_current_object,
                empty_values_are_resent,
                resent_object_resends_its_referrers;
            time:
                reading_numbers_increase_despite_clock_changes,
                bookmark_is_stored,
                newest_run_counts_by_number,
                requeued_work_follows_the_clock_back,
                later_unconfirmed_record_is_not_overtaken,
                pause_keeps_its_remaining_time,
                claim_keeps_its_remaining_time,
                future_times_are_corrected,
                pending_work_keeps_its_age,
                retired_objects_keep_their_age;
        }
    };
    (@cases $open:ident $($module:ident: $($case:ident),+;)+) => {
        $(mod $module {
            $(
                #[tokio::test]
                async fn $case() {
                    let (store, _kept) = super::$open().await;
                    $crate::testing::conformance::$module::$case(&store).await;
                }
            )+
        })+
    };
}
