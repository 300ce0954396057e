import { casesOf, healthy, MINUTES, type RuleNeeds } from "./rule-cases.ts";

/**
 * Tests of the alerts for `promtool test rules`: a deployment where nothing is wrong calls nobody, and what goes wrong calls
 * exactly those that are for it. The clock of such a test begins at 0, so that a moment before it is negative.
 */
export async function ruleTests(needs: RuleNeeds, rules: string): Promise<string> {
  const { Document, isMap, visit } = await import("yaml");
  const tests = casesOf(needs).map(({ name, change, fires }) => {
    const series = healthy(needs);
    change(series);
    return {
      name,
      interval: "1m",
      input_series: [...series].map(([series, values]) => ({ series, values })),
      promql_expr_test: [
        {
          expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
          eval_time: `${MINUTES}m`,
          exp_samples: fires.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
        },
      ],
    };
  });
  const document = new Document({ rule_files: [rules], evaluation_interval: "1m", tests });
  document.commentBefore = ` What calls whom: promtool test rules, rendered by redisha for ${needs.deployment}.`;
  visit(document, {
    Map: (_, map) => {
      map.flow = isMap(map) && map.items.length === 2 && (map.has("values") || map.has("labels"));
    },
  });
  return document.toString({ lineWidth: 0 });
}
