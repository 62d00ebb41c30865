/** The layers, and the descent of their experts. */

const layerChoices = (model) =>
  model.lineage.map(({ layer }, index) => [String(index), `Layer ${layer}`]);

/** Calls back with each model that is chosen, the first one at once; says nothing of a single one. */
function modelSwitch(container, models, chosen) {
  if (models.length === 1) {
    container.remove();
    chosen(models[0]);
    return;
  }
  const choices = models.map((model, index) => [String(index), model.name]);
  switcher(container, "Model", choices, (choice) => chosen(models[Number(choice)]));
}

/**
 * A layer's experts as trees, one for each expert of the first source; each a tree by itself where
 * nothing grew. A node is an expert between two growth steps; its leaves are the experts of today
 * below it.
 */
function trees({ parents, experts }) {
  const grow = (expert, level) => {
    if (level === parents.length) {
      return { expert, level, children: [], leaves: [expert] };
    }
    const children = parents[level].flatMap((parent, child) =>
      parent === expert ? [grow(child, level + 1)] : [],
    );
    return { expert, level, children, leaves: children.flatMap((child) => child.leaves) };
  };
  const roots = parents.length ? [...new Set(parents[0])] : [...Array(experts).keys()];
  return roots.sort((a, b) => a - b).map((root) => grow(root, 0));
}
