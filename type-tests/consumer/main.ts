import * as S from "effect-security"

void S
