//! The clients' remedies as the engine's: the one place that maps them.

use sync_engine::{Remedy, Service};

/// A remedy of the Okta client.
pub fn of_okta(remedy: okta_client::Remedy) -> Remedy {
    use okta_client::Remedy as Okta;
    const SERVICE: Service = Service::Okta;
    match remedy {
        Okta::GrantApiScopes { scope } => Remedy::GrantApiScopes { scope },
        Okta::AssignAdminRole => Remedy::AssignAdminRole,
        Okta::CheckCredentials => Remedy::CheckOktaCredentials,
        Okta::RegisterPublicKey => Remedy::RegisterPublicKey,
        Okta::AllowNetworkZone => Remedy::AllowNetworkZone,
        Okta::SetClock => Remedy::SetClock,
        Okta::CheckObjectAndResourceSet => Remedy::CheckObjectAndResourceSet,
        Okta::CorrectObject => Remedy::CorrectObjectInOkta,
        Okta::CorrectOrgUrl => Remedy::CorrectOrgUrl,
        // The product sends an administrator's expressions in the scope alone.
        Okta::CorrectExpression => Remedy::CorrectScope,
        Okta::EnableFeature => Remedy::EnableOktaFeature,
        Okta::RaiseRateLimit => Remedy::RaiseRateLimit,
        Okta::CheckServiceStatus => Remedy::CheckServiceStatus { service: SERVICE },
        Okta::AllowRequests => Remedy::AllowRequests { service: SERVICE },
        Okta::SetProxyCredentials => Remedy::CheckProxy,
        Okta::SignInToNetwork => Remedy::SignInToNetwork,
        Okta::CheckGateway => Remedy::CheckGateway { service: SERVICE },
        Okta::CheckNetwork(remedy) => of_network(remedy, SERVICE),
    }
}

/// A remedy of the Assets client.
pub const fn of_assets(remedy: insight_import_client::Remedy) -> Remedy {
    use insight_import_client::Remedy as Assets;
    const SERVICE: Service = Service::Assets;
    match remedy {
        Assets::RenewImportToken => Remedy::RenewImportToken,
        Assets::CheckCredentials => Remedy::CheckAtlassianCredentials,
        Assets::AllowIpAddress => Remedy::AllowIpAddress,
        Assets::CheckPlan => Remedy::CheckAtlassianPlan,
        Assets::AllowRequests => Remedy::AllowRequests { service: SERVICE },
        Assets::CheckProxy => Remedy::CheckProxy,
        Assets::GrantSchemaRole => Remedy::GrantSchemaRole,
        Assets::UseOtherCredential => Remedy::UseOtherCredential,
        Assets::RaiseObjectLimit => Remedy::RaiseObjectLimit,
        Assets::CorrectSiteUrl => Remedy::CorrectSiteUrl,
        Assets::ChangeMapping | Assets::SubmitMapping => Remedy::RunSetup,
        Assets::ReduceChunkSize => Remedy::ReduceRecordSize,
        Assets::EnableImportSource => Remedy::EnableImportSource,
        Assets::ReviewExecution => Remedy::ReviewExecution,
        Assets::ReviewImportHistory => Remedy::ReviewImportHistory,
        Assets::CheckServiceStatus => Remedy::CheckServiceStatus { service: SERVICE },
        Assets::CheckGateway => Remedy::CheckGateway { service: SERVICE },
        Assets::CheckNetwork(remedy) => of_network(remedy, SERVICE),
    }
}

/// The remedy for an address that isn't reached.
pub const fn of_network(remedy: outbound::Remedy, service: Service) -> Remedy {
    use outbound::Remedy as Network;
    match (remedy, service) {
        (Network::CheckScheme, Service::Okta) => Remedy::CorrectOrgUrl,
        (
            Network::CheckHostName
            | Network::CheckPort
            | Network::CheckScheme
            | Network::CheckNetwork { proxy: None },
            _,
        ) => Remedy::CheckNetwork { service },
        (Network::AllowPrivateAddresses, _) => Remedy::AllowPrivateAddresses,
        (Network::CheckCertificate, _) => Remedy::CheckCertificate { service },
        (
            Network::CheckProxy { .. }
            | Network::SetProxyCredentials { .. }
            | Network::AllowHostInProxy
            | Network::CheckNetwork { proxy: Some(_) },
            _,
        ) => Remedy::CheckProxy,
    }
}
