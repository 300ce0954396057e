import type { Invocation } from "../invocation.ts";
import type { Theme } from "../output/theme.ts";
import { type RenderReport, renderStatus } from "./render-status.ts";
import { renderSentinelsView } from "./sentinels-view.ts";

interface Choice {
  readonly theme: Theme;
  readonly width: number;
  readonly invocation: Invocation;
  /** What each Sentinel says, instead of the topology. */
  readonly sentinelsView: boolean;
}

/** How `status` is to be printed; columns are not cut where it is wide and nobody looks at a screen. */
export function reportRenderer({ theme, width, invocation, sentinelsView }: Choice): RenderReport {
  const wide = invocation.format === "wide";
  return (report, previous, brief = false) => {
    const options = {
      theme,
      width: wide && !invocation.streams.stdout.isTty ? undefined : width,
      wide,
      brief: brief && !wide,
      ...(previous && { previous }),
    };
    if (sentinelsView) return renderSentinelsView(report, options);
    return renderStatus(report.topology, report.verdict, options);
  };
}
