const storageKey = 'hearth.token';

/**
 * Takes the token out of `#token=...` into this tab's storage, so that it is neither in the history nor in a screenshot of
 * the address bar. Reloading the tab keeps it, closing forgets it.
 */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  sessionStorage.setItem(storageKey, token);
  history.replaceState(null, '', location.pathname);
}

export function readToken(): string | null {
  return sessionStorage.getItem(storageKey);
}
