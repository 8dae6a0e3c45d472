// The page opens: look, address, session, then the shell.
import { mount } from 'svelte';
import './lib/styles/tokens.css';
import './lib/styles/base.css';
import { startMode } from './lib/mode.svelte';
import { router } from './lib/router.svelte';
import { session } from './lib/session.svelte';
import App from './lib/shell/App.svelte';

startMode();
router.start();
void session.open();
mount(App, { target: document.getElementById('app')! });
