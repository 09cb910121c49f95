//! What every kind of token may do.

/// One row a kind of token, one column a route. `none` is a list that is answered, and shows nothing.
pub const TABLES: [&str; 5] = [RIGHTS, CREDENTIALS, KEY_PAIRS, ACCESS_TOKENS, PASSWORDS];

const RIGHTS: &str = "
                        rescope list_trusts make_trust list_creds make_cred delete_cred list_rules
    password/project    201     200         201        200        201       204         200
    password/unscoped   201     200         201        200        403       204         200
    password/system     403     200         403        200        403       204         200
    token/project       201     200         201        200        201       204         200
    federated/project   201     200         201        200        201       204         200
    trust/as-trustor    403     200         201        403        403       403         403
    trust/as-trustee    403     200         201        403        403       403         403
    trust/last-link     403     200         403        403        403       403         403
    appcred/unbounded   403     403         403        200        201       204         200
    appcred/restricted  403     403         403        200        403       403         200
    oauth1              403     403         403        403        403       403         403
    oauth2/certificate  403     403         403        403        403       403         403
    certificate         404     403         403        403        403       403         403
    ec2                 403     403         403        403        403       403         403
    ec2/trust           403     403         403        403        403       403         403
    methods-lost        403     403         403        403        403       403         403
    methods-unknown     403     403         403        403        403       403         403
    methods-foreign     403     403         403        403        403       403         403
";

const CREDENTIALS: &str = "
                        create_secret list_secrets show_secret update_secret delete_secret
    password/project    201           200          200         200           204
    password/unscoped   201           200          200         200           204
    password/system     201           200          200         200           204
    token/project       201           200          200         200           204
    federated/project   201           200          200         200           204
    trust/as-trustor    403           none         403         403           403
    trust/as-trustee    403           none         403         403           403
    trust/last-link     403           none         403         403           403
    appcred/unbounded   403           none         403         403           403
    appcred/restricted  403           none         403         403           403
    oauth1              403           none         403         403           403
    oauth2/certificate  403           none         403         403           403
    certificate         403           none         403         403           403
    ec2                 403           403          403         403           403
    ec2/trust           403           403          403         403           403
    methods-lost        403           none         403         403           403
    methods-unknown     403           none         403         403           403
    methods-foreign     403           none         403         403           403
";

const KEY_PAIRS: &str = "
                        create_pair list_pairs show_pair delete_pair v2_create_pair v2_list_pairs
    password/project    201         200        200       204         200            200
    password/unscoped   403         200        200       403         401            401
    password/system     201         200        200       204         401            401
    token/project       201         200        200       204         200            200
    federated/project   201         200        200       204         200            200
    trust/as-trustor    403         403        403       403         403            403
    trust/as-trustee    403         403        403       403         403            403
    trust/last-link     403         403        403       403         403            403
    appcred/unbounded   403         403        403       403         403            403
    appcred/restricted  403         403        403       403         403            403
    oauth1              403         403        403       403         403            403
    oauth2/certificate  403         403        403       403         403            403
    certificate         403         403        403       403         401            401
    ec2                 403         403        403       403         403            403
    ec2/trust           403         403        403       403         403            403
    methods-lost        403         403        403       403         403            403
    methods-unknown     403         403        403       403         403            403
    methods-foreign     403         403        403       403         403            403
";

const ACCESS_TOKENS: &str = "
                        authorize list_access show_access access_roles delete_access
    password/project    200       200         200         200          204
    password/unscoped   403       403         403         403          403
    password/system     403       403         403         403          204
    token/project       200       200         200         200          204
    federated/project   200       200         200         200          204
    trust/as-trustor    403       403         403         403          403
    trust/as-trustee    403       403         403         403          403
    trust/last-link     403       403         403         403          403
    appcred/unbounded   403       403         403         403          403
    appcred/restricted  403       403         403         403          403
    oauth1              403       403         403         403          403
    oauth2/certificate  403       403         403         403          403
    certificate         403       403         403         403          403
    ec2                 403       403         403         403          403
    ec2/trust           403       403         403         403          403
    methods-lost        403       403         403         403          403
    methods-unknown     403       403         403         403          403
    methods-foreign     403       403         403         403          403
";

/// An administrator sets a password; its owner changes it, and proves to be the owner by the password
/// until now, whatever token comes along.
const PASSWORDS: &str = "
                        set_anothers set_own v2_change_own change_own
    password/project    200          200     -             -
    password/unscoped   403          403     -             204
    password/system     200          200     -             -
    token/project       200          200     -             -
    federated/project   200          200     -             -
    trust/as-trustor    200          403     403           204
    trust/as-trustee    200          403     403           204
    trust/last-link     200          403     403           204
    appcred/unbounded   200          403     403           204
    appcred/restricted  200          403     403           204
    oauth1              200          403     403           204
    oauth2/certificate  200          403     403           204
    certificate         200          403     404           204
    ec2                 403          403     403           204
    ec2/trust           403          403     403           204
    methods-lost        200          403     403           204
    methods-unknown     200          403     403           204
    methods-foreign     200          403     403           204
";
