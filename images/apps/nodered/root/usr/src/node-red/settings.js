// Node-RED's settings: who signs in comes from the environment, and so does the key that flows' secrets are sealed with.
const bcrypt = require('bcryptjs');

module.exports = {
    uiPort: 1880,
    uiHost: '::',
    flowFile: 'flows.json',
    credentialSecret: process.env.NODE_RED_CREDENTIAL_SECRET || false,
    adminAuth: process.env.NODE_RED_PASSWORD ? {
        type: 'credentials',
        users: [{
            username: process.env.NODE_RED_USER || 'admin',
            password: bcrypt.hashSync(process.env.NODE_RED_PASSWORD, 8),
            permissions: '*',
        }],
    } : null,
    diagnostics: { enabled: false },
    telemetry: { enabled: false },
    editorTheme: { projects: { enabled: false }, tours: false },
    externalModules: { autoInstall: false },
    functionExternalModules: false,
    exportGlobalContextKeys: false,
    logging: { console: { level: 'info', metrics: false, audit: false } },
};
