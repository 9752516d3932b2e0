/** ComfyUI's API format. A link names a node and one of its outputs; everything else is a plain value. */
export type Link = readonly [node: string, output: number];
export type InputValue = string | number | boolean | Link;

export interface GraphNode {
  readonly class_type: string;
  readonly inputs: Record<string, InputValue>;
  readonly _meta?: { readonly title: string };
}

export type Graph = Record<string, GraphNode>;

/** Numbers the nodes of a graph from 1 on. */
export class GraphBuilder {
  readonly nodes: Graph = {};

  /** Returns the first output; others are reached with `output`. */
  add(className: string, inputs: Record<string, InputValue>): Link {
    const id = String(Object.keys(this.nodes).length + 1);
    this.nodes[id] = { class_type: className, inputs };
    return [id, 0];
  }
}

/** Another output of the node that a link leads to. */
export function output(link: Link, index: number): Link {
  return [link[0], index];
}
