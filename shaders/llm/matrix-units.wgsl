// The four operations on matrix units that matrix-matrix-subgroup.wgsl is written in. FRAGMENT_* and the tiles are the kernel's.
// An offset and a stride count elements of the workgroup array. Host: worker/llm/kernels/matrix-units.ts
alias Left = subgroup_matrix_left<f16, FRAGMENT_COLUMNS, FRAGMENT_ROWS>;
alias Right = subgroup_matrix_right<f16, FRAGMENT_TOKENS, FRAGMENT_COLUMNS>;
alias Sum = subgroup_matrix_result<f32, FRAGMENT_TOKENS, FRAGMENT_ROWS>;

fn loadLeft(strip: u32, offset: u32) -> Left {
  return subgroupMatrixLoad<Left, row_major>(&weightTile[strip], offset, TILE_STRIDE);
}

fn loadRight(strip: u32, offset: u32) -> Right {
  return subgroupMatrixLoad<Right, col_major>(&inputTile[strip], offset, TILE_STRIDE);
}

fn multiplyAdd(left: Left, right: Right, sum: Sum) -> Sum {
  return subgroupMatrixMultiplyAccumulate(left, right, sum);
}

fn storeSum(offset: u32, sum: Sum) {
  subgroupMatrixStore<col_major>(&resultTile, offset, sum, FRAGMENT_ROWS / 4u);
}
