/** What a metric is called, what it says, and its values. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/**
 * The text of a Prometheus textfile, with what wrote it: `labels` tell it from every other file of the same folder, since the
 * node exporter gives nothing of a metric that stands twice with the same labels. Lines of `more` stand behind. Pure.
 */
export function metricsText(
  families: readonly Family[],
  labels: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): string {
  const build = { name: "redisha_build_info", help: "Which redisha wrote this.", samples: [{ labels, value: 1 }] };
  const text = [...families, build].flatMap(({ name, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(({ labels, value }) => `${name}{${labelled(labels)}} ${value}`),
  ]);
  return `${[...text, ...more].join("\n")}\n`;
}

function labelled(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
    .join(",");
}
