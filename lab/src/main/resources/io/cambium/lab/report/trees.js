/** The layers, and the descent of their experts. */

const layerChoices = data.lineage.map(({ layer }, index) => [String(index), `Layer ${layer}`]);

/**
 * A layer's experts as trees, one for each expert of the first source. A node is an expert between
 * two growth steps; its leaves are the experts of today below it.
 */
function trees(parents) {
  const grow = (expert, level) => {
    if (level === parents.length) {
      return { expert, level, children: [], leaves: [expert] };
    }
    const children = parents[level].flatMap((parent, child) =>
      parent === expert ? [grow(child, level + 1)] : [],
    );
    return { expert, level, children, leaves: children.flatMap((child) => child.leaves) };
  };
  return [...new Set(parents[0])].sort((a, b) => a - b).map((root) => grow(root, 0));
}
