//! Sentences of the setup, plan, and checks pages.

/// The activity of a job, as a label.
use diagnostics::JobActivity;

pub(crate) const fn job(activity: JobActivity) -> &'static str {
    match activity {
        JobActivity::CreatingSchema => {
            "Reading the Okta schemas and creating the object types and mapping in Assets"
        }
        JobActivity::CreatingEventHook => "Creating and verifying the event hook in Okta",
        JobActivity::Verifying => "Verifying the schema, mapping, and event hook",
        JobActivity::Planning => "Reading groups, memberships, and users from Okta",
        JobActivity::Checking => "Running checks",
        JobActivity::ComparingSchemas => "Reading the Okta and Assets schemas",
        JobActivity::Testing => "Importing test objects and reading them back",
    }
}

pub(crate) const SETUP: &str = "Complete the steps in order. You can repeat a step at any time.";
pub(crate) const SETUP_COMPLETE: &str = "Setup is complete. Changes in Okta now sync to Assets.";
pub(crate) const SETUP_COMPLETE_TEXT: &str = "Follow them on the Activity page.";
pub(crate) const NOT_READY: &str = "To start this step, finish the steps above.";
pub(crate) const RESTORE: &str = "Restore objects in Assets";
pub(crate) const RESTORE_TEXT: &str = "A sync doesn't send unchanged objects. To restore objects that were changed or deleted in Assets, resend all objects.";
pub(crate) const STEPS_UNFINISHED: &str = "To start a sync, finish the earlier setup steps.";

pub(crate) const PLAN: &str =
    "Preview the next full sync. A plan reads all users and groups in Okta and sends nothing.";
pub(crate) const NO_PLAN: &str = "No plan yet";
pub(crate) const NO_PLAN_TEXT: &str =
    "A plan lists the objects to create, update, or retire, with old and new values.";
pub(crate) const PLAN_REPLACED: &str = "A newer plan replaced this one. Create a plan again and review it.";
pub(crate) const REVIEW_UNCONFIRMED: &str = "This plan exceeds a safeguard. To apply it, review the changes and select the checkbox next to the button.";
pub(crate) const PLAN_AGE: &str = "Later changes aren't included; applying the plan reads from Okta again.";
pub(crate) const PLAN_BLOCKED: &str = "Blocked by safeguard";
pub(crate) const PLAN_BLOCKED_TEXT: &str = "A safeguard blocked this sync. Common causes: the app lost its admin role, the scope is too narrow, or an attribute \
     was removed in Okta. Review the objects below before you override it.";
pub(crate) const PLAN_EMPTY: &str = "No changes to send. All confirmed records match Okta.";
pub(crate) const WITHIN_SAFEGUARDS: &str = "All changes are within the safeguards.";

pub(crate) const PLAN_FAILED: &str = "The plan failed.";

pub(crate) const CHECKS: &str = "Checks test the prerequisites of the connection and change nothing.";
pub(crate) const NO_CHECKS: &str = "No checks yet";
pub(crate) const NO_CHECKS_TEXT: &str = "Run checks to test Okta access, API scopes, the event hook, the import source, rate limits, and listeners. This \
     takes up to one minute.";
pub(crate) const CHECKS_PASSED: &str = "No problems found.";

pub(crate) const CHECKS_FAILED: &str = "The checks failed to run.";

pub(crate) const SELF_TEST: &str = "Two test users and two test groups show how this Assets site treats imports, above all several references of \
     one object. Their names begin with Okta self-test.";
pub(crate) const NO_FACTS: &str = "This import source wasn't tested yet.";
pub(crate) const OBJECTS_DELETED: &str = "The test deletes them at its end. It needs about three minutes.";
pub(crate) const OBJECTS_REMAIN: &str =
    "Without an Atlassian account, they remain in Assets, marked as deleted, and fewer facts can be proven.";
pub(crate) const SELF_TEST_FAILED: &str = "The self-test failed.";
