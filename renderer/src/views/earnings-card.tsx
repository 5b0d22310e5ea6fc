import type { EarningsSnapshot, NodeApi } from '../../../protocol/node-api.ts';
import { EarningsChart } from '../charts/earnings-chart.tsx';
import { formatDateAndTime, formatMoney, formatMoneyFigure } from '../i18n/format.ts';
import { translate } from '../i18n/messages.ts';
import { Card, Facts } from './card.tsx';
import { ClaimButton } from './claim-button.tsx';

/** The table is the chart's twin for readers that see no picture; older points are in the chart only. */
const tableRows = 20;

export function EarningsCard(props: { earnings: EarningsSnapshot; api: NodeApi; isConnected: boolean }) {
  const { earnings, api, isConnected } = props;
  const { earned, claimed, settled, spent, decimals, currency, series } = earnings;
  return (
    <Card name="earnings" heading={translate('earnings.heading')}>
      <p class="figure">
        {formatMoneyFigure(earned, decimals)} <span class="figure-unit">{currency}</span>
      </p>
      {series.length > 1 ? (
        <>
          <EarningsChart earnings={earnings} />
          <details class="twin">
            <summary>{translate('earnings.table')}</summary>
            <EarningsTable earnings={earnings} />
          </details>
        </>
      ) : (
        <p class="empty">{translate('earnings.empty')}</p>
      )}
      <Facts
        rows={[
          [translate('earnings.claimed'), formatMoney(claimed, earnings)],
          [translate('earnings.settled'), formatMoney(settled, earnings)],
          [translate('earnings.spent'), BigInt(spent) === 0n ? null : formatMoney(spent, earnings)],
        ]}
      />
      {BigInt(earned) > BigInt(claimed) && <ClaimButton earnings={earnings} api={api} isConnected={isConnected} />}
    </Card>
  );
}

function EarningsTable({ earnings }: { earnings: EarningsSnapshot }) {
  const { series } = earnings;
  const shown = series.slice(-tableRows).toReversed();
  return (
    <table class="plain-table">
      {series.length > shown.length && (
        <caption>
          {translate('earnings.earlier', { shown: String(shown.length), count: String(series.length) })}
        </caption>
      )}
      <thead>
        <tr>
          <th scope="col">{translate('earnings.time')}</th>
          <th scope="col" class="number">
            {translate('earnings.total')}
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((point) => (
          <tr key={point.atMs}>
            <td>{formatDateAndTime(point.atMs)}</td>
            <td class="number">{formatMoney(point.earned, earnings)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
