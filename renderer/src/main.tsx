import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { createNodeStore } from './node-store.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/cards.css';
import './styles/alarms.css';
import './styles/tasks.css';
import { createBridgeConnection } from './transport/bridge-connection.ts';
import { createSocketConnection } from './transport/socket-connection.ts';
import { readToken, takeTokenFromAddress } from './transport/token.ts';

function connect() {
  if (window.hearth !== undefined) return createBridgeConnection(window.hearth);
  takeTokenFromAddress();
  // A second link pasted into the same tab only changes the fragment, which does not load the page again.
  addEventListener('hashchange', () => {
    takeTokenFromAddress();
    location.reload();
  });
  return createSocketConnection(location.origin, readToken);
}

const store = createNodeStore(connect());
effect(() => {
  document.title = store.title.value;
});
const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');
render(<App store={store} />, root);
