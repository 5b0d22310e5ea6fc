/**
 * To be imported before uPlot, which hands `navigator.language` to Intl while it loads: under LANG=C Chromium answers
 * `en-US@posix`, Intl refuses it, and the whole page would stay blank.
 */
import { locale } from '../i18n/messages.ts';

try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: locale });
}
