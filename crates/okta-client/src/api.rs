//! Everything that the client can do, as a trait.

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};

use crate::client::OktaClient;
use crate::error::{Error, Result};
use crate::model::{EventHook, Group, LogEvent, NewEventHook, Schema, User, UserType};
use crate::resources::{GroupQuery, LogPage, LogQuery, LogStart, UserQuery};

/// The calls of the API, named like Okta's operations, for programs that replace [`OktaClient`] with a fake in a test, a
/// cache, or a recording.
///
/// The default of each call returns [`Error::Unsupported`], so that a substitute implements only the required calls.
#[async_trait]
pub trait OktaApi: Send + Sync {
    /// [`Users::list`](crate::Users::list)
    fn list_users(&self, _query: &UserQuery) -> BoxStream<'static, Result<User>> {
        no_items("list_users")
    }

    /// [`Users::get`](crate::Users::get)
    async fn get_user(&self, _id: &str) -> Result<User> {
        Err(Error::Unsupported("get_user"))
    }

    /// [`Users::groups`](crate::Users::groups)
    async fn list_user_groups(&self, _id: &str) -> Result<Vec<Group>> {
        Err(Error::Unsupported("list_user_groups"))
    }

    /// [`Groups::list`](crate::Groups::list)
    fn list_groups(&self, _query: &GroupQuery) -> BoxStream<'static, Result<Group>> {
        no_items("list_groups")
    }

    /// [`Groups::get`](crate::Groups::get)
    async fn get_group(&self, _id: &str) -> Result<Group> {
        Err(Error::Unsupported("get_group"))
    }

    /// [`Groups::members`](crate::Groups::members)
    fn list_group_users(&self, _id: &str) -> BoxStream<'static, Result<User>> {
        no_items("list_group_users")
    }

    /// [`UserTypes::list`](crate::UserTypes::list)
    async fn list_user_types(&self) -> Result<Vec<UserType>> {
        Err(Error::Unsupported("list_user_types"))
    }

    /// [`UserTypes::get`](crate::UserTypes::get)
    async fn get_user_type(&self, _id: &str) -> Result<UserType> {
        Err(Error::Unsupported("get_user_type"))
    }

    /// [`Schemas::user`](crate::Schemas::user)
    async fn get_user_schema(&self, _schema_id: &str) -> Result<Schema> {
        Err(Error::Unsupported("get_user_schema"))
    }

    /// [`Schemas::group`](crate::Schemas::group)
    async fn get_group_schema(&self) -> Result<Schema> {
        Err(Error::Unsupported("get_group_schema"))
    }

    /// [`EventHooks::list`](crate::EventHooks::list)
    async fn list_event_hooks(&self) -> Result<Vec<EventHook>> {
        Err(Error::Unsupported("list_event_hooks"))
    }

    /// [`EventHooks::create`](crate::EventHooks::create)
    async fn create_event_hook(&self, _hook: &NewEventHook) -> Result<EventHook> {
        Err(Error::Unsupported("create_event_hook"))
    }

    /// [`EventHooks::get`](crate::EventHooks::get)
    async fn get_event_hook(&self, _id: &str) -> Result<EventHook> {
        Err(Error::Unsupported("get_event_hook"))
    }

    /// [`EventHooks::replace`](crate::EventHooks::replace)
    async fn replace_event_hook(&self, _id: &str, _hook: &NewEventHook) -> Result<EventHook> {
        Err(Error::Unsupported("replace_event_hook"))
    }

    /// [`EventHooks::delete`](crate::EventHooks::delete)
    async fn delete_event_hook(&self, _id: &str) -> Result<()> {
        Err(Error::Unsupported("delete_event_hook"))
    }

    /// [`EventHooks::activate`](crate::EventHooks::activate)
    async fn activate_event_hook(&self, _id: &str) -> Result<EventHook> {
        Err(Error::Unsupported("activate_event_hook"))
    }

    /// [`EventHooks::deactivate`](crate::EventHooks::deactivate)
    async fn deactivate_event_hook(&self, _id: &str) -> Result<EventHook> {
        Err(Error::Unsupported("deactivate_event_hook"))
    }

    /// [`EventHooks::verify`](crate::EventHooks::verify)
    async fn verify_event_hook(&self, _id: &str) -> Result<EventHook> {
        Err(Error::Unsupported("verify_event_hook"))
    }

    /// [`Logs::list`](crate::Logs::list)
    fn list_log_events(&self, _query: &LogQuery) -> BoxStream<'static, Result<LogEvent>> {
        no_items("list_log_events")
    }

    /// [`Logs::follow`](crate::Logs::follow)
    fn follow_log(&self, _start: &LogStart, _pause: Duration) -> BoxStream<'static, Result<LogPage>> {
        no_items("follow_log")
    }
}

fn no_items<T: Send + 'static>(call: &'static str) -> BoxStream<'static, Result<T>> {
    stream::once(std::future::ready(Err(Error::Unsupported(call)))).boxed()
}

#[async_trait]
impl OktaApi for OktaClient {
    fn list_users(&self, query: &UserQuery) -> BoxStream<'static, Result<User>> {
        self.users().list(query).boxed()
    }

    async fn get_user(&self, id: &str) -> Result<User> {
        self.users().get(id).await
    }

    async fn list_user_groups(&self, id: &str) -> Result<Vec<Group>> {
        self.users().groups(id).await
    }

    fn list_groups(&self, query: &GroupQuery) -> BoxStream<'static, Result<Group>> {
        self.groups().list(query).boxed()
    }

    async fn get_group(&self, id: &str) -> Result<Group> {
        self.groups().get(id).await
    }

    fn list_group_users(&self, id: &str) -> BoxStream<'static, Result<User>> {
        self.groups().members(id).boxed()
    }

    async fn list_user_types(&self) -> Result<Vec<UserType>> {
        self.user_types().list().await
    }

    async fn get_user_type(&self, id: &str) -> Result<UserType> {
        self.user_types().get(id).await
    }

    async fn get_user_schema(&self, schema_id: &str) -> Result<Schema> {
        self.schemas().user(schema_id).await
    }

    async fn get_group_schema(&self) -> Result<Schema> {
        self.schemas().group().await
    }

    async fn list_event_hooks(&self) -> Result<Vec<EventHook>> {
        self.event_hooks().list().await
    }

    async fn create_event_hook(&self, hook: &NewEventHook) -> Result<EventHook> {
        self.event_hooks().create(hook).await
    }

    async fn get_event_hook(&self, id: &str) -> Result<EventHook> {
        self.event_hooks().get(id).await
    }

    async fn replace_event_hook(&self, id: &str, hook: &NewEventHook) -> Result<EventHook> {
        self.event_hooks().replace(id, hook).await
    }

    async fn delete_event_hook(&self, id: &str) -> Result<()> {
        self.event_hooks().delete(id).await
    }

    async fn activate_event_hook(&self, id: &str) -> Result<EventHook> {
        self.event_hooks().activate(id).await
    }

    async fn deactivate_event_hook(&self, id: &str) -> Result<EventHook> {
        self.event_hooks().deactivate(id).await
    }

    async fn verify_event_hook(&self, id: &str) -> Result<EventHook> {
        self.event_hooks().verify(id).await
    }

    fn list_log_events(&self, query: &LogQuery) -> BoxStream<'static, Result<LogEvent>> {
        self.logs().list(query).boxed()
    }

    fn follow_log(&self, start: &LogStart, pause: Duration) -> BoxStream<'static, Result<LogPage>> {
        self.logs().follow(start, pause).boxed()
    }
}
