import type { AdapterSnapshot } from '../../../protocol/node-api.ts';
import { formatCelsius, formatCount, formatGibibytes, formatPercent, formatRate } from '../i18n/format.ts';
import { translate } from '../i18n/messages.ts';
import { Card, Facts } from './card.tsx';

export function AdapterCard({ adapter }: { adapter: AdapterSnapshot | null }) {
  if (adapter === null) {
    return (
      <Card name="adapter" heading={translate('adapter.heading')}>
        <p class="empty">{translate('adapter.none')}</p>
      </Card>
    );
  }
  const badge = (
    <span class={adapter.isSoftware ? 'badge badge-software' : 'badge badge-real'}>
      {translate(adapter.isSoftware ? 'adapter.software' : 'adapter.real')}
    </span>
  );
  const { benchmark } = adapter;
  return (
    <Card name="adapter" heading={translate('adapter.heading')} aside={badge}>
      <p class="card-title">{adapter.name}</p>
      <Facts
        rows={[
          [translate('adapter.temperature'), sensor(adapter, adapter.temperatureCelsius, formatCelsius)],
          [translate('adapter.load'), sensor(adapter, adapter.loadPercent, formatPercent)],
          [translate('adapter.memory'), sensor(adapter, adapter.memoryBytes, formatGibibytes)],
          [translate('adapter.driver'), adapter.driver],
        ]}
      />
      {benchmark !== null && (
        <>
          <h3>{translate('adapter.measured')}</h3>
          <Facts
            rows={[
              [translate('adapter.bandwidth'), formatRate(benchmark.copyBytesPerSecond, 'B/s')],
              [translate('adapter.compute'), formatRate(benchmark.multiplyAddFlopsPerSecond, 'FLOP/s')],
              [translate('adapter.dispatch'), `${formatCount(benchmark.dispatchMicroseconds)} µs`],
            ]}
          />
        </>
      )}
    </Card>
  );
}

/** A card without a sensor says so; a software adapter has no card to say it of. */
function sensor(adapter: AdapterSnapshot, value: number | null, format: (value: number) => string) {
  if (value !== null) return format(value);
  return adapter.isSoftware ? null : <span class="quiet">{translate('adapter.unknown')}</span>;
}
