import type { NodeSnapshot } from '../../../protocol/node-api.ts';
import { shorten } from '../i18n/format.ts';
import { translate, translateCount } from '../i18n/messages.ts';
import { Card, Facts } from './card.tsx';

export function NetworkCard({ snapshot }: { snapshot: NodeSnapshot }) {
  const { peerCount, peerId, wallet, chainId, addresses, x402Url = null } = snapshot;
  return (
    <Card name="network" heading={translate('network.heading')}>
      <p class="figure figure-small">
        {peerCount} <span class="figure-unit">{translateCount('network.peers', peerCount)}</span>
      </p>
      <Facts
        rows={[
          [translate('network.wallet'), <Identifier text={wallet} />],
          [translate('network.chain'), chainId === null ? translate('network.none') : String(chainId)],
          [translate('network.peerId'), <Identifier text={peerId} />],
          [translate('network.x402'), x402Url === null ? null : <code>{x402Url}</code>],
        ]}
      />
      {addresses.length > 0 && (
        <details class="twin">
          <summary>{translate('network.addresses')}</summary>
          <ul class="addresses">
            {addresses.map((address) => (
              <li key={address}>
                <code>{address}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

/** Short on screen, whole for readers, for hovering and for selecting. */
export function Identifier({ text }: { text: string | null }) {
  if (text === null) return <span class="quiet">{translate('network.none')}</span>;
  return (
    <code title={text}>
      <span aria-hidden="true">{shorten(text)}</span>
      <span class="visually-hidden">{text}</span>
    </code>
  );
}
